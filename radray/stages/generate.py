"""The generation pipeline: rows of `reports` → impressions by beam search → ROUGE → rows of `predictions`, staged."""

import io
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import ray
from ray.util.annotations import RayDeprecationWarning

from radray.config import Generate, Score, SplitName
from radray.metrics.rouge import Scorer
from radray.models.engines import open_engine
from radray.models.folder import ModelFolder
from radray.models.manifest import verify_files
from radray.models.repeats import AnswerOnce
from radray.reports.prompts import get_prompt
from radray.reports.splits import is_validation
from radray.schemas import HYPOTHESES, PREDICTIONS, ROUGE_COLUMNS, FailReason, PredictionStatus, ReportStatus
from radray.stages.stage import Stage, texts_withheld
from radray.tables.rows import to_arrow
from radray.tables.storage import Storage, is_s3

REPORT_COLUMNS = (
    *("unit_id", "status", "split", "split_key", "study_id", "subject_id", "text_digest"),
    *("background", "findings", "reference", "reference_raw"),
)
"""Columns of `reports` that generation reads."""

READ_ROWS = 2_000
"""Reports in a table as they are read: about 4 MB."""


@dataclass(frozen=True, slots=True)
class SplitCut:
    """How `validation` is cut from the reports whose stored split is train: by split key, with a seed."""

    validation_fraction: float
    seed: int

    def split_of(self, stored_split: str | None, split_key: str | None) -> str | None:
        """Return the split that a report is in; None for one that is in none."""
        if stored_split != "train" or split_key is None:
            return stored_split
        held_out = is_validation(split_key, fraction=self.validation_fraction, seed=self.seed)
        return "validation" if held_out else "train"

    def ok_in(self, split: SplitName, reports: pa.Table) -> list[bool]:
        """Return for each row of `reports` whether it is ok and of `split`."""
        columns = (reports.column(name).to_pylist() for name in ("status", "split", "split_key"))
        return [
            status == ReportStatus.OK and self.split_of(stored, key) == split
            for status, stored, key in zip(*columns, strict=True)
        ]


class ReadReportRows:
    """Read data files of `reports`, every page checked.

    Not ray.data.read_parquet: it takes page_checksum_verification and does not verify (2.60, pyarrow 26: a flipped
    bit came through as text), and a bit may flip on its way from S3.
    """

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def __call__(self, batch: pa.Table) -> Iterator[pa.Table]:
        """Yield REPORT_COLUMNS of the files in column `uri`. Raises StageError for a page that is not as written."""
        with texts_withheld(type(self).__name__, f"{batch.num_rows} data files"):
            for uri in batch.column("uri").to_pylist():
                source = io.BytesIO(self._storage.read(uri)) if is_s3(uri) else uri
                with pq.ParquetFile(source, page_checksum_verification=True) as file:
                    for rows in file.iter_batches(READ_ROWS, columns=list(REPORT_COLUMNS)):
                        yield pa.Table.from_batches([rows]).select(REPORT_COLUMNS)


class SelectReports(Stage):
    """Keep the ok reports of a split that are not staged yet."""

    reads = ("unit_id", "status", "split", "split_key")
    keeps_rows = False

    def __init__(self, cut: SplitCut, split: SplitName, staged: frozenset[str]) -> None:
        self._cut = cut
        self._split = split
        self._staged = staged

    def run(self, batch: pa.Table) -> pa.Table:
        """Return the rows that are kept, in order."""
        units = batch.column("unit_id").to_pylist()
        wanted = self._cut.ok_in(self._split, batch)
        kept = [ok and unit not in self._staged for ok, unit in zip(wanted, units, strict=True)]
        return batch.filter(pa.array(kept, pa.bool_()))


class WriteImpressions(Stage):
    """Write an impression for each report with a model, which is loaded once an actor."""

    reads = ("unit_id", "findings", "background")
    keeps_rows = True

    def __init__(self, model: ModelFolder, prompt_id: str, settings: Generate, converted: str | None = None) -> None:
        """Load `model` with the engine of `settings`; `converted` is the digest that a converted copy must have.

        Raises InputError when its files are not those of its manifest any more.
        """
        verify_files(model.path, model.manifest)
        self._prompt = get_prompt(prompt_id)
        self._engine = AnswerOnce(open_engine(model, settings, converted), settings.repeats_kept)

    def run(self, batch: pa.Table) -> pa.Table:
        """Return `batch` with prediction, hypotheses, token counts, flags, status and reason."""
        findings, background = batch.column("findings").to_pylist(), batch.column("background").to_pylist()
        prompts = [self._prompt.fill(f, b) for f, b in zip(findings, background, strict=True)]
        made = [_FAILED if one is None else self._outcome(one) for one in self._generate(prompts)]
        for name, type_ in _OUTCOME.items():
            column = pa.array([one[name] for one in made], type_)
            batch = (
                batch.set_column(batch.column_names.index(name), name, column)
                if name in batch.column_names
                else batch.append_column(name, column)
            )
        return batch

    def _generate(self, prompts: Sequence[str]) -> list[Any]:
        """Return a generation a prompt, None where the engine fails on that prompt alone.

        Raises the engine's own error when it fails on every one: then it is not the reports.
        """
        try:
            return list(self._engine.generate(prompts))
        except Exception:
            made: list[Any] = []
            for prompt in prompts:
                try:
                    made += self._engine.generate([prompt])
                except Exception:
                    made.append(None)
            if not any(made):
                raise
            return made

    @staticmethod
    def _outcome(generation: Any) -> dict[str, Any]:
        best = generation.hypotheses[0].text
        return {
            "prediction": best or None,
            "hypotheses": [{"text": one.text, "score": one.score} for one in generation.hypotheses],
            "input_tokens": generation.input_tokens,
            "output_tokens": generation.output_tokens,
            "input_truncated": generation.input_truncated,
            "output_cut": generation.output_cut,
            "logprob_per_token": generation.logprob_per_token,
            "margin": generation.margin,
            "repeated": generation.repeated,
            "status": (PredictionStatus.OK if best else PredictionStatus.FAILED).value,
            "reason": None if best else FailReason.EMPTY_OUTPUT.value,
        }


_OUTCOME = {
    "prediction": pa.string(),
    "hypotheses": HYPOTHESES,
    "input_tokens": pa.int64(),
    "output_tokens": pa.int64(),
    "input_truncated": pa.bool_(),
    "output_cut": pa.bool_(),
    "logprob_per_token": pa.float64(),
    "margin": pa.float64(),
    "repeated": pa.bool_(),
    "status": pa.string(),
    "reason": pa.string(),
}


_FAILED = dict.fromkeys(_OUTCOME) | {
    "status": PredictionStatus.FAILED.value,
    "reason": FailReason.ENGINE_ERROR.value,
}


class ScorePredictions(Stage):
    """Score each prediction against its reference and give the row the schema of `predictions`."""

    reads = (*REPORT_COLUMNS, "prediction", "hypotheses")
    keeps_rows = True

    def __init__(self, settings: Score, constants: Mapping[str, Any]) -> None:
        self._settings = settings
        self._constants = constants

    def run(self, batch: pa.Table) -> pa.Table:
        """Return the rows of `predictions`; a failed prediction scores 0, one without a reference null."""
        scorer = Scorer(stemmer=self._settings.stemmer)
        names = [column.name for column in PREDICTIONS.columns]
        rows = []
        for source in batch.to_pylist():
            row = {name: source.get(name) for name in names} | dict(self._constants)
            if source["reference"]:
                row |= scorer.score(source["reference"], source["prediction"] or "")
                row["scorer_id"] = scorer.scorer_id
            else:
                row |= dict.fromkeys(ROUGE_COLUMNS)
            rows.append(row)
        return to_arrow(rows, PREDICTIONS)


def stage_predictions(
    storage: Storage,
    files: Sequence[str],
    cut: SplitCut,
    split: SplitName,
    model: ModelFolder,
    prompt_id: str,
    settings: Generate,
    score: Score,
    constants: Mapping[str, Any],
    staging: str,
    staged: frozenset[str],
    converted: str | None = None,
) -> None:
    """Run the generation pipeline over the data files of a partition of `reports`, into Parquet below `staging`.

    `constants` are the columns that all rows share (batch_date, dataset, split, model, prompt, run); `converted` is
    the digest of the converted copy that the engine was chosen with, if any.
    """
    data = ray.data.from_items([{"uri": uri} for uri in files], override_num_blocks=len(files))
    data = data.map_batches(ReadReportRows(storage).__call__, batch_format="pyarrow", batch_size=1)
    data = data.map_batches(SelectReports(cut, split, staged).__call__, batch_format="pyarrow", batch_size=None)
    # a data file is one task's: this is what spreads its rows over actors
    data = data.repartition(target_num_rows_per_block=settings.block_rows)
    with warnings.catch_warnings():
        # Ray 2.60 deprecates the one way to say max_restarts and has no other yet. Its default restarts for ever an
        # actor that a report kills; with 0 the run ends, and the next one goes on from what is staged
        warnings.simplefilter("ignore", RayDeprecationWarning)
        data = data.map_batches(
            WriteImpressions,
            fn_constructor_args=(model, prompt_id, settings, converted),
            batch_format="pyarrow",
            batch_size=settings.block_rows,
            compute=ray.data.ActorPoolStrategy(size=settings.actors),
            num_cpus=0 if settings.use_gpu else 1,
            num_gpus=1 if settings.use_gpu else 0,
            max_restarts=0,
        )
    data = data.map_batches(ScorePredictions(score, constants).__call__, batch_format="pyarrow", batch_size=None)
    fs, path = storage.filesystem(staging)
    data.write_parquet(path, filesystem=fs, try_create_dir=not is_s3(staging))


def report_units(reports: pa.Table, cut: SplitCut, split: SplitName) -> pa.Table:
    """Return the ok reports of `split`, sorted by unit_id: the frozen input."""
    units = reports.filter(pa.array(cut.ok_in(split, reports), pa.bool_()))
    return units.take(pc.sort_indices(units, sort_keys=[("unit_id", "ascending")]))
