"""The reports that are learnt from."""

from typing import Any

from radray.errors import InputError
from radray.reports.splits import SplitCut
from radray.schema.reports import REPORTS
from radray.schema.statuses import ReportStatus
from radray.settings.root import Settings
from radray.tables.catalog import Warehouse
from radray.tables.identity import READ_BY_TASKS

Report = dict[str, Any]


def read_reports(warehouse: Warehouse, settings: Settings) -> list[Report]:
    """Return the ok reports of `date` and, where it is set, `source.dataset`, by unit_id."""
    columns = {"dataset", *READ_BY_TASKS, "background", "findings", "reference"}
    where = {**place_of(settings), "status": ReportStatus.OK.value}
    return sorted(warehouse.read(REPORTS, sorted(columns), where).to_pylist(), key=lambda row: str(row["unit_id"]))


def place_of(settings: Settings) -> dict[str, Any]:
    """Return the columns, by name, of the rows that are learnt from."""
    dataset = settings.source.dataset
    return {"batch_date": settings.date, **({} if dataset is None else {"dataset": dataset})}


def split_cut(settings: Settings) -> SplitCut:
    """Return how validation is cut from training."""
    return SplitCut(settings.split.validation_fraction, settings.split.seed)


def no_reports(split: str, settings: Settings) -> InputError:
    """Return the error for a `split` without a report that can be learnt from."""
    return InputError(
        f"no {split} reports with findings and impression on {where_of(settings)}: run jobs.prepare first,"
        " or set split.validation_fraction"
    )


def where_of(settings: Settings) -> str:
    """Return where the rows that are learnt from were looked for, for a message."""
    return f"batch_date={settings.date} (dataset {settings.source.dataset or 'any'}) in {settings.warehouse.uri}"
