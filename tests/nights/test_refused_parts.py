"""What refuses a part of a night stops no other part, and is raised at its end with all that was refused."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from radray.errors import ConflictError, GateError, RadrayError
from radray.nights import night
from radray.nights.failures import worst_at_end
from radray.nights.final_line import FinalLine
from radray.nights.night import generate_night
from radray.schema.answers import ANSWERS
from radray.schema.examples import EXAMPLES
from radray.schema.runs import RUNS
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin
from radray.tables.identity import utc_now
from radray.tables.lease import hold_lease
from radray.tasks.registry import find_prompt
from tests.support.worlds.answered import ASKED, MODEL, in_place
from tests.support.worlds.examples import night_settings
from tests.support.worlds.night_tables import NIGHT, put_prepare_run, put_reports


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """A night whose impressions are refused."""

    def refuse(*_: object) -> None:
        raise GateError("impressions are bad")

    monkeypatch.setattr(night, "generate_partition", refuse)
    warehouse = Warehouse(night_settings(tmp_path).warehouse)
    put_prepare_run(warehouse, "hospital")
    return warehouse


def write_night(warehouse: Warehouse) -> None:
    settings = night_settings(Path(warehouse.layout.root))
    models, tasks = [(MODEL, find_prompt("findings-v1"))], [(MODEL, [*ASKED.values()])]
    with in_place():
        generate_night(settings, models, lambda: None, Console(quiet=True), FinalLine("generate"), tasks)


def answered(warehouse: Warehouse) -> set[str]:
    return set(warehouse.read(ANSWERS, ["task"]).column("task").to_pylist())


def test_a_task_without_its_examples_is_not_answered_and_others_are(warehouse: Warehouse) -> None:
    put_reports(warehouse, ["x", "y"], reference="broken")
    with pytest.raises(GateError, match=r"impressions are bad; task size: its code failed on 2 of 2 reports"):
        write_night(warehouse)
    assert answered(warehouse) == {"sides"}
    # an empty partition of answers would pass for a night of which nothing was asked
    assert warehouse.read(RUNS, ["task"], {"job": "generate"}).column("task").to_pylist() == ["sides"]


@pytest.mark.parametrize("table", [EXAMPLES, ANSWERS])
def test_another_run_over_a_task_hides_no_refusal(warehouse: Warehouse, table: object) -> None:
    put_reports(warehouse, ["a"])
    place = {"batch_date": NIGHT, "dataset": "hospital", "task": "size"}
    if table is ANSWERS:
        place |= {"split": "live", "model_digest": MODEL.digest}
    schema = EXAMPLES if table is EXAMPLES else ANSWERS
    uri = warehouse.layout.lease(schema.name, pin(warehouse, schema, place).partition_id)
    with (
        hold_lease(warehouse, uri, "other-run", "other-key", utc_now(), 0.05),
        pytest.raises(GateError, match=r"impressions are bad; .*run other-run .* is working on this partition"),
    ):
        write_night(warehouse)
    assert answered(warehouse) == ({"sides"} if schema is EXAMPLES else set())


def end(error: Exception, *before: RadrayError, console: Console | None = None) -> None:
    with worst_at_end(console or Console(quiet=True)) as refused:
        refused += before
        raise error


def test_what_ends_a_block_is_raised_with_what_was_refused_before() -> None:
    with pytest.raises(GateError, match=r"^bad; elsewhere$"):
        end(ConflictError("elsewhere"), GateError("bad"))
    with pytest.raises(ConflictError, match=r"^elsewhere$"):
        end(ConflictError("elsewhere"))
    with worst_at_end(Console(quiet=True)):
        pass


def test_an_unexpected_error_passes_after_what_was_refused_is_printed() -> None:
    output = io.StringIO()
    with pytest.raises(ZeroDivisionError):
        end(ZeroDivisionError(), GateError("bad"), console=Console(file=output))
    assert output.getvalue() == "error: bad\n"
