"""The gate of a night of predictions: judges the merged rows by what `reports` holds and by the night before."""

import io
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from radray.evaluation.gates import (
    NIGHT_COLUMNS,
    SCORE_COLUMNS,
    describe_unjudged,
    judge,
    measure,
    measure_scores,
    refuse_failed,
)
from radray.schema.predictions import PREDICTIONS
from radray.schema.reports import REPORTS
from radray.schema.runs import RUNS
from radray.schema.statuses import RejectReason, RunStatus
from radray.settings.gates import GatesSettings
from radray.settings.section import CORPUS_DATE
from radray.storage.files import Storage, is_s3
from radray.tables.catalog import Warehouse
from radray.tables.merge import Merged

BATCH_ROWS = 20_000


class NightGate:
    """Judge the rows that a run merged, for `StagedRun.commit(expected, gate)`."""

    def __init__(
        self,
        warehouse: Warehouse,
        settings: GatesSettings,
        normal_weight: float,
        partition: Mapping[str, Any],
        model_name: str,
        report: Callable[[str], None],
    ) -> None:
        """`partition` is that of `predictions`; `report` is called with one line on the gates that could not judge.

        `normal_weight` is that of the normal references in the standardised mean, as `jobs.evaluate` has it.
        """
        self._warehouse = warehouse
        self._settings = settings.of_corpus() if partition["batch_date"] == CORPUS_DATE else settings
        self._normal_weight = normal_weight
        self._partition = partition
        self._model_name = model_name
        self._report = report

    def __call__(self, merged: Merged) -> None:
        """Raise GateError when the rows of `merged` do not pass; an empty night passes."""
        if not merged.files:
            return
        night = measure(_rows(self._warehouse.storage, [file.uri for file in merged.files]))
        mean, previous = night.standardised_rouge_l(self._settings.min_part, self._normal_weight), None
        if self._settings.max_rouge_l_drop is not None and mean is not None:
            previous = self._previous_rouge_l(night.scorers)
        about = {name: self._partition[name] for name in ("batch_date", "dataset")}
        reports = self._warehouse.read(REPORTS, ["status", "reason"], about)
        companions = pc.fill_null(pc.equal(reports.column("reason"), RejectReason.NOT_A_REPORT.value), False)
        statuses = Counter(reports.filter(pc.invert(companions)).column("status").to_pylist())
        results = judge(night, statuses, mean, previous, self._settings)
        if unjudged := describe_unjudged(results):
            few = f"fewer than gates.min_reports={self._settings.min_reports} reports"
            self._report(f"gates that do not judge this night, for {few}, no references or no night before: {unjudged}")
        where = ", ".join(f"{name}={self._partition[name]}" for name in ("batch_date", "dataset", "split"))
        refuse_failed(results, f"predictions, {where}, model {self._model_name}")

    def _previous_rouge_l(self, scorers: set[str]) -> float | None:
        """Return the standardised ROUGE-L F of the last night before this one under a model of the same name.

        The same name, not the same digest: a model that was fine-tuned again is compared with its predecessor. Another
        digest on the same date counts as earlier. Nights that were scored in another way, or have too few reports of a
        stratum to be judged, are passed over. None where no night is left.
        """
        about = {name: self._partition[name] for name in ("dataset", "split")} | {"model_name": self._model_name}
        done = {**about, "job": "generate", "status": RunStatus.FINISHED.value}
        own = (self._partition["batch_date"], self._partition["model_digest"])
        last: dict[tuple[Any, Any], Any] = {}
        columns = ["batch_date", "model_digest", "ended", "task"]
        for run in self._warehouse.read(RUNS, columns, done).to_pylist():
            night = (run["batch_date"], run["model_digest"])
            # a run over the answers of a task is no night of impressions
            if run["task"] is None and night != own and night[0] <= own[0]:
                last[night] = max(run["ended"], last.get(night, run["ended"]))
        for date, digest in sorted(last, key=lambda night: (night[0], last[night]), reverse=True):
            where = {**about, "batch_date": date, "model_digest": digest}
            before = measure_scores([self._warehouse.read(PREDICTIONS, SCORE_COLUMNS, where)])
            mean = before.standardised_rouge_l(self._settings.min_part, self._normal_weight)
            if mean is not None and before.scorers == scorers:
                return mean
        return None


def _rows(storage: Storage, uris: Sequence[str]) -> Iterator[pa.Table]:
    for uri in uris:
        source = io.BytesIO(storage.read(uri)) if is_s3(uri) else uri
        with pq.ParquetFile(source, page_checksum_verification=True) as file:
            for rows in file.iter_batches(BATCH_ROWS, columns=list(NIGHT_COLUMNS)):
                yield pa.Table.from_batches([rows])
