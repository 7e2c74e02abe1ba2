"""The audit log: entries are appended by many writers at once, and each is there once."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from radray.analytics.query import named_tables, query, statement_digest
from radray.schema.audit import AUDIT
from radray.tables.audit import Entry, Who, os_user, who
from radray.upkeep.maintenance import AT_ONCE, maintain
from tests.support.worlds.tables import open_warehouse

ME = Who("dr-audit", "root", None)


def test_two_writers_at_once_lose_no_entry(tmp_path: Path) -> None:
    open_warehouse(tmp_path / "warehouse").load(AUDIT)
    start = threading.Barrier(2)
    errors: list[BaseException] = []

    def write(name: str) -> None:
        warehouse = open_warehouse(tmp_path / "warehouse")  # as another process has its own
        start.wait()
        try:
            for _ in range(6):
                Entry(name, ME).write_ended(warehouse, 0)
        except BaseException as error:
            errors.append(error)

    writers = [threading.Thread(target=write, args=(name,)) for name in ("query", "erase")]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    rows = open_warehouse(tmp_path / "warehouse").read(AUDIT).to_pylist()
    assert errors == []
    assert sorted(row["action"] for row in rows) == ["erase"] * 6 + ["query"] * 6
    assert len({row["audit_id"] for row in rows}) == 12


def test_an_entry_that_another_commit_overtakes_is_appended_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    catalog = warehouse.load(AUDIT).catalog
    commit = catalog.commit_table
    overtaken: list[int] = []

    def overtake(*arguments: Any) -> object:
        if not overtaken:
            overtaken.append(1)
            Entry("erase", ME).write_ended(open_warehouse(tmp_path / "warehouse"), 0)
        return commit(*arguments)

    monkeypatch.setattr(catalog, "commit_table", overtake)
    Entry("query", ME).write_ended(warehouse, 3)
    rows = warehouse.read(AUDIT, ["action", "exit_code"]).to_pylist()
    assert sorted((row["action"], row["exit_code"]) for row in rows) == [("erase", 0), ("query", 3)]
    assert overtaken


def test_maintenance_keeps_every_entry(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    for action in ("query", "erase", "publish"):
        Entry(action, ME).write_ended(warehouse, 0)
    before = warehouse.read(AUDIT).to_pylist()
    assert maintain(warehouse, AT_ONCE)
    assert sorted(warehouse.read(AUDIT).to_pylist(), key=lambda row: row["time"]) == sorted(
        before, key=lambda row: row["time"]
    )


def test_the_trail_has_a_row_an_action_and_shows_which_did_not_end(tmp_path: Path) -> None:
    warehouse = open_warehouse(tmp_path / "warehouse")
    entry = Entry("query", ME, "digest", ("predictions", "runs"), to_file=True)
    entry.write_begun(warehouse)
    entry.add_rows(40)
    entry.add_rows(2)
    entry.write_ended(warehouse, 0)
    Entry("erase", ME).write_begun(warehouse)
    columns = "action, principal, exit_code, row_count, to_file, tables, ended IS NULL AS going_on"
    rows = query(warehouse, f"SELECT {columns} FROM audit_trail ORDER BY began").to_pylist()
    assert [tuple(row.values()) for row in rows] == [
        ("query", "dr-audit", 0, 42, True, "predictions,runs", False),
        ("erase", "dr-audit", None, None, None, None, True),
    ]


def test_who_is_the_setting_else_the_submitter_else_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("USER", "somebody-else")
    assert who() == Who(os_user(), os_user(), None)
    assert os_user() != "somebody-else"
    metadata = {"job_submission_id": "generate-2026-11-21", "radray_principal": "anna"}
    monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", json.dumps({"metadata": metadata}))
    assert who() == Who("anna", os_user(), "generate-2026-11-21")
    assert who("night-shift").principal == "night-shift"
    for broken in ("", "[]", "{}", '{"metadata": null}', "not JSON"):
        monkeypatch.setenv("RAY_JOB_CONFIG_JSON_ENV_VAR", broken)
        assert who().submission_id is None


@pytest.mark.parametrize(
    "literal",
    ["'10000032'", "10000032", "$$10000032$$", "E'10000032'", "x'10000032'", "-- 10000032\n1", "'a' /* 10000032 */"],
)
def test_the_digest_of_a_statement_does_not_depend_on_its_literals(literal: str) -> None:
    def asked(value: str) -> str:
        return f"SELECT findings FROM reports WHERE subject_id = {value}"

    assert statement_digest(asked(literal)) == statement_digest(asked(literal.replace("10000032", "10000033")))
    assert statement_digest(asked(literal)) != statement_digest(asked(literal).replace("findings", "reference"))


def test_the_digest_does_not_depend_on_names_that_nobody_knows() -> None:
    first, second = (f'SELECT count(*) AS "{name}" FROM reports {name}' for name in ("smith", "jones"))
    assert statement_digest(first) == statement_digest(second)
    assert statement_digest(first) != statement_digest(first.replace("count", "min"))
    assert statement_digest("SELECT 'open") == statement_digest("SELECT 'other")


def test_tables_and_views_of_a_statement_are_named() -> None:
    sql = "WITH x AS (SELECT * FROM Reports) SELECT * FROM x JOIN worklist ON 'runs' = 'runs'"
    assert named_tables(sql) == ["reports", "worklist"]
    assert named_tables("SELECT 1") == []
