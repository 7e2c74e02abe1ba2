"""What is known of a night's deferral only when all its rows are there: whether its calibration holds for it."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from radray.errors import ConfigError
from radray.evaluation.deferral.calibration import Calibration, parse_calibration
from radray.evaluation.deferral.decision import Deferral
from radray.evaluation.systems import CONFIDENCES
from radray.schema.predictions import PREDICTIONS
from radray.schema.statuses import DeferReason
from radray.settings.generate import ScoreSettings
from radray.storage.failures import MissingFile
from radray.storage.files import Storage, absolute_uri

_DECISIVE = ("status", "prediction", *CONFIDENCES.values())
"""Columns that `Deferral.columns` reads."""


def read_calibration(settings: ScoreSettings, storage: Storage) -> Calibration | None:
    """Return the calibration of `score.calibration`, None where it is unset.

    Raises ConfigError for a file that is not there, or that is no calibration.
    """
    if settings.calibration is None:
        return None
    try:
        content = storage.read(absolute_uri(settings.calibration))
    except MissingFile:
        raise ConfigError(f"score.calibration={settings.calibration}: there is no such file") from None
    return parse_calibration(content, settings.calibration)


class NightDeferral:
    """Withdraws the calibration of a night whose confidences are spread otherwise, for `StagedRun.commit`.

    Then all reports of the night are deferred. Rows that were copied from a night as it stood have the reason of that
    night: they get their own. The same rows under the same run key always end the same way.
    """

    def __init__(self, deferral: Deferral, calibration: Calibration, report: Callable[[str], None]) -> None:
        """`calibration` is that of `deferral`; `report` is called with a sentence where it is withdrawn."""
        self.columns: Sequence[str] = ("unit_id", "split_key", calibration.column)
        self.p_value: float | None = None
        self.withdrawn = False
        self._deferral = deferral
        self._calibration = calibration
        self._report = report

    def decide(self, tables: Iterable[pa.Table]) -> None:
        """Look at all rows of the night, each once, with `columns`."""
        self.p_value = self._calibration.p_value(row for table in tables for row in table.to_pylist())
        self.withdrawn = self.p_value is not None and self.p_value < self._deferral.level
        if self.withdrawn:
            self._report(
                f"the calibration is withdrawn: {self._calibration.confidence} is spread otherwise than where it was"
                f" calibrated (p {self.p_value:.2g}, score.calibration_level={self._deferral.level:g}); all reports of"
                " this night are deferred, and the bound says nothing about it"
            )

    def finish(self, table: pa.Table) -> pa.Table:
        """Return `table`, rows of `predictions`, with `defer` and `defer_reason` as they are after `decide`."""
        if self.withdrawn:
            rows = table.num_rows
            return _with(table, {"defer": [True] * rows, "defer_reason": [DeferReason.WITHDRAWN.value] * rows})
        copied = pc.fill_null(pc.equal(table.column("defer_reason"), DeferReason.WITHDRAWN.value), False)
        if not pc.any(copied).as_py():
            return table
        own = [self._deferral.columns(row) for row in table.select(_DECISIVE).to_pylist()]
        return _with(table, {name: [columns[name] for columns in own] for name in ("defer", "defer_reason")})


def _with(table: pa.Table, columns: Mapping[str, Sequence[object]]) -> pa.Table:
    types = {column.name: column.type for column in PREDICTIONS.columns}
    for name, values in columns.items():
        table = table.set_column(table.column_names.index(name), name, pa.array(values, types[name]))
    return table
