"""The review of a model by readers: its sheets drawn from what was evaluated, and what the readers said as tables."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.table import Table

from radray.evaluation.review.files import KEY_PARQUET, read_all, read_key, write_sheet
from radray.evaluation.review.sheet import Candidate, draw_sheet
from radray.evaluation.review.summary import agreements, summarise_review
from radray.evaluation.strata import ABNORMAL, NORMAL
from radray.evaluation.systems import MODEL, SideBySide
from radray.flags import TIER_A


def candidates(side: SideBySide, system: str) -> list[Candidate]:
    """Return the reports of `system` that a reader can judge: a prediction, and a reference that says something."""
    found = []
    for place, row in enumerate(side.rows[system]):
        stratum = next((one for one in (NORMAL, ABNORMAL) if one in side.strata and side.strata[one][place]), None)
        if row is None or stratum is None or row["status"] != "ok" or not row["prediction"]:
            continue
        found.append(
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
    return found


def write_review(folder: Path, side: SideBySide, n: int, seed: int) -> list[Path]:
    """Write a sheet of `n` reports for each model into a folder of its own below `folder`; return the files.

    Raises ConfigError where a sheet is there already, InputError where a model has no report to judge.
    """
    files: list[Path] = []
    for system in (one.name for one in side.of(MODEL)):
        about = {"system": system, "dataset": side.dataset, "split": side.split}
        sheet = draw_sheet(candidates(side, system), n, seed, about)
        files += write_sheet(folder / "-".join(about.values()).replace("/", "_").replace(" ", "-"), sheet)
    return files


def review_tables(files: Sequence[Path], resamples: int, seed: int) -> Iterator[Table]:
    """Yield what the readers said in the filled sheets `files`, and how far they agree; the key lies beside them.

    Raises InputError for a sheet that cannot be used, naming its cells.
    """
    key = read_key(files[0].parent / KEY_PARQUET)
    readings = read_all(files, key)
    about = ", ".join(str(key.column(name)[0]) for name in ("system", "dataset", "split"))
    readers = ", ".join(one.reader for one in readings)
    table = Table(
        *("question", "answer", "of", "items", "estimate", "95 % interval"), title=f"Review of {about}, by {readers}"
    )
    for one in summarise_review(key, readings, resamples, seed):
        ends = f"[{one.low:.2f}, {one.high:.2f}]"
        table.add_row(one.question, one.level, one.of, f"{one.items:,}", f"{one.value:.2f}", ends)
    yield table
    table = Table("question", "judged by two or more", "Krippendorff's alpha", title=f"Agreement of {readers}")
    for agreed in agreements(key, readings):
        table.add_row(agreed.question, f"{agreed.units:,}", "-" if agreed.alpha is None else f"{agreed.alpha:.2f}")
    yield table
