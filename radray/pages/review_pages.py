"""The review of a model by readers: sheets drawn from an evaluation, and the readers' answers as tables."""

from collections.abc import Iterator, Sequence
from dataclasses import astuple
from pathlib import Path

from rich.table import Table

from radray.evaluation.review.axes import SOURCE, beside_published
from radray.evaluation.review.files import KEY_PARQUET, read_all, read_key, write_sheet
from radray.evaluation.review.sheet import Candidate, draw_sheet
from radray.evaluation.review.summary import Estimate, agreements, summarise_review
from radray.evaluation.strata import ABNORMAL, NORMAL
from radray.evaluation.systems import MODEL, SideBySide
from radray.flags import TIER_A
from radray.pages.review_form import render_form


def candidates(side: SideBySide, system: str) -> list[Candidate]:
    """Return the reports of `system` that a reader can judge: with a prediction, and a normal or abnormal reference."""
    judged = []
    for place, row in enumerate(side.rows[system]):
        stratum = next((name for name in (NORMAL, ABNORMAL) if name in side.strata and side.strata[name][place]), None)
        if row is None or stratum is None or row["status"] != "ok" or not row["prediction"]:
            continue
        judged.append(
            Candidate(
                unit_id=row["unit_id"],
                split_key=row["split_key"],
                background=row["background"],
                findings=row["findings"],
                prediction=row["prediction"],
                reference=row["reference"],
                stratum=stratum,
                flagged=any(row.get(f"flag_{name}") for name in TIER_A),
            )
        )
    return judged


def write_review(folder: Path, side: SideBySide, n: int, seed: int) -> list[Path]:
    """Write a sheet of `n` reports for each model into its own folder below `folder`; return the files.

    Raises ConfigError when a sheet already exists or cannot be written, InputError when a model has no report that
    can be judged.
    """
    files: list[Path] = []
    for system in (model.name for model in side.of(MODEL)):
        about = {"system": system, "dataset": side.dataset, "split": side.split}
        sheet = draw_sheet(candidates(side, system), n, seed, about)
        files += write_sheet(
            folder / "-".join(about.values()).replace("/", "_").replace(" ", "-"), sheet, render_form(sheet)
        )
    return files


def review_tables(files: Sequence[Path], resamples: int, seed: int) -> Iterator[Table]:
    """Yield the readers' answers in the filled sheets `files`, them beside Med-PaLM's, then how well they agree.

    The key is read from the folder of the first sheet. Raises InputError for a key that is missing, and for a sheet
    that cannot be used, naming its cells.
    """
    key = read_key(files[0].parent / KEY_PARQUET)
    readings = read_all(files, key)
    about = ", ".join(str(key.column(name)[0]) for name in ("system", "dataset", "split"))
    readers = ", ".join(reading.reader for reading in readings)
    table = Table(
        *("question", "answer", "of", "items", "estimate", "95 % interval"), title=f"Review of {about}, by {readers}"
    )
    estimates = summarise_review(key, readings, resamples, seed)
    for estimate in estimates:
        ends = f"[{estimate.low:.2f}, {estimate.high:.2f}]"
        cells = (
            estimate.question,
            estimate.level,
            estimate.author,
            f"{estimate.items:,}",
            f"{estimate.value:.2f}",
            ends,
        )
        table.add_row(*cells)
    yield table
    yield _published_table(estimates)
    table = Table("question", "judged by two or more readers", "Krippendorff's alpha", title=f"Agreement of {readers}")
    for agreed in agreements(key, readings):
        table.add_row(agreed.question, f"{agreed.units:,}", "-" if agreed.alpha is None else f"{agreed.alpha:.2f}")
    yield table


def _published_table(estimates: Sequence[Estimate]) -> Table:
    """Return the shares of the review beside those published of answers to consumers' questions: another task."""
    systems = ("prediction", "reference", "Flan-PaLM", "Med-PaLM", "clinicians")
    title = f"On the axes of {SOURCE}: answers to consumers' questions, not impressions; no figure: -"
    table = Table("axis", "question: answer", *systems, title=title)
    for axis, *ours in beside_published(estimates):
        theirs = (None, None, None) if axis.published is None else astuple(axis.published)
        shares = ("-" if value is None else f"{value:.3f}" for value in (*ours, *theirs))
        table.add_row(axis.name, f"{axis.question}: {axis.level}", *shares)
    return table
