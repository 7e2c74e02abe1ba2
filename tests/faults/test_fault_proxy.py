"""Every fault of storage, through a proxy before a real S3 server: the right rows, or one clear error, and a rerun."""

import datetime
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from radray.analytics.query import query
from radray.errors import ConfigError, RadrayError
from radray.nights.failures import known_error
from radray.schema.reports import REPORTS
from radray.settings.warehouse import WarehouseSettings
from radray.storage import iceberg_io as file_io
from radray.storage import s3 as s3_module
from radray.storage.files import Storage
from radray.tables.catalog import Warehouse
from radray.upkeep.maintenance import AT_ONCE, maintain
from tests.support.faults.fault_proxy import Fault, FaultProxy, Operation, Rule, running_proxy
from tests.support.s3_server import BUCKET, KEY_ID, SECRET, S3Server
from tests.support.worlds.faults import expected_rows, night, partition, read_rows, run_night, staged_files

UNITS = ["1", "2", "3", "4"]
OLD, NEW = night(0), night(1)
FEW_ATTEMPTS = 3
STALL_S = 1
SEED, RATE = 20261122, 0.05
DRILL_REQUESTS, REQUESTS = 2_000, 250

PASSING = (Fault.ERROR, Fault.SLOW_DOWN, Fault.TOO_MANY, Fault.RESET, Fault.LOST, Fault.STALL)
"""Faults that a second try does not meet again."""
REFUSALS = (Fault.FORBIDDEN, Fault.CONFLICT, Fault.PRECONDITION)
BODIES = (Fault.TRUNCATED, Fault.FLIPPED)

SQL = "SELECT unit_id, run_key, findings FROM reports WHERE batch_date = '{}' ORDER BY unit_id"


@pytest.fixture(scope="module")
def proxy(s3_server: S3Server) -> Iterator[FaultProxy]:
    with running_proxy(s3_server.endpoint) as running:
        yield running


@pytest.fixture(autouse=True)
def impatience(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Make every client of the test give up early; pyiceberg's are kept for the process, and are made anew."""
    monkeypatch.setattr(s3_module, "STALL_TIMEOUT_S", STALL_S)
    monkeypatch.setattr(s3_module, "ATTEMPTS", FEW_ATTEMPTS)
    file_io._storage.cache_clear()
    yield
    file_io._storage.cache_clear()


@dataclass
class World:
    """A warehouse behind the proxy, and the same one seen past it."""

    proxy: FaultProxy
    behind: WarehouseSettings
    straight: Warehouse

    def rows(self, date: datetime.date) -> object:
        """Return what a reader without faults sees of the night."""
        return read_rows(self.straight, date)


@pytest.fixture
def world(s3: S3Server, proxy: FaultProxy, tmp_path: Path) -> World:
    """Return a warehouse in which the night OLD is committed."""
    common: dict[str, Any] = {"uri": f"s3://{BUCKET}/{tmp_path.name}", "catalog_uri": f"{tmp_path}/catalog.db"}
    straight = Warehouse(WarehouseSettings(**common, s3=s3.settings()))
    behind = WarehouseSettings(**common, s3=s3.settings(endpoint=proxy.endpoint))
    run_night(straight, OLD, "k0", UNITS)
    proxy.plan()
    return World(proxy, behind, straight)


def write(world: World) -> None:
    run_night(Warehouse(world.behind), NEW, "k1", UNITS)


def read(world: World) -> None:
    assert read_rows(Warehouse(world.behind), OLD) == expected_rows("k0", UNITS)


def ask(world: World) -> None:
    rows = query(Warehouse(world.behind), SQL.format(OLD)).to_pylist()
    assert tuple(tuple(row.values()) for row in rows) == expected_rows("k0", UNITS)


def clean(world: World) -> None:
    maintain(Warehouse(world.behind), AT_ONCE)
    assert world.rows(OLD) == expected_rows("k0", UNITS)


def source(world: World) -> None:
    storage = Storage.of(world.behind.s3)
    uri = f"{world.behind.uri}/source"
    world.straight.storage.write(f"{uri}/a.csv", b"study_id,split\n" * 100)
    files = storage.freeze(uri)
    assert [(file.path, file.bytes) for file in files] == [("a.csv", 1500)]
    with storage.open_input(files[0].uri) as stream:
        assert stream.read() == b"study_id,split\n" * 100


JOBS: dict[str, tuple[Callable[[World], None], tuple[Operation, ...]]] = {
    "write": (write, (Operation.LIST, Operation.GET, Operation.PUT, Operation.MULTIPART, Operation.DELETE)),
    "read": (read, (Operation.LIST, Operation.GET)),
    "query": (ask, (Operation.LIST, Operation.GET)),
    "maintain": (clean, (Operation.LIST, Operation.GET, Operation.PUT, Operation.DELETE)),
    "source": (source, (Operation.LIST, Operation.GET)),
}
"""What is done through the proxy, and the operations that it consists of."""


def cases(faults: tuple[Fault, ...], always: set[tuple[str, Operation, Fault]]) -> list[object]:
    """Return each job, operation and fault; those that are not in `always` are for the drill: 250 take minutes."""
    parameters: list[object] = []
    for job, (_, operations) in JOBS.items():
        for operation in operations:
            for fault in faults:
                marks = () if (job, operation, fault) in always else (pytest.mark.drill,)
                parameters.append(pytest.param(job, operation, fault, marks=marks, id=f"{job}-{operation}-{fault}"))
    return parameters


PASSING_ALWAYS = {
    *(("write", operation, Fault.LOST) for operation in JOBS["write"][1]),
    ("read", Operation.GET, Fault.STALL),
    ("write", Operation.PUT, Fault.TOO_MANY),
    ("query", Operation.GET, Fault.SLOW_DOWN),
    ("maintain", Operation.DELETE, Fault.RESET),
    ("source", Operation.LIST, Fault.ERROR),
}
STAYING_ALWAYS = {
    *(("write", operation, Fault.FORBIDDEN) for operation in JOBS["write"][1]),
    ("write", Operation.PUT, Fault.PRECONDITION),
    ("write", Operation.MULTIPART, Fault.CONFLICT),
    ("read", Operation.GET, Fault.MISSING),
    ("query", Operation.GET, Fault.RESET),
    ("maintain", Operation.DELETE, Fault.SLOW_DOWN),
    ("source", Operation.GET, Fault.ERROR),
}


def check_error(error: RadrayError, world: World) -> None:
    """Check that the error says where and what to do, and holds no secrets and no libraries' words."""
    text = str(error)
    assert error.__cause__ is None
    assert any(where in text for where in (world.behind.uri, "table ", "storage failed: ")), text
    assert "\n" not in text
    for never in (SECRET, KEY_ID, "by the plan", "Traceback", "AWS Error", "When "):
        assert never not in text
    assert any(word in text for word in ("see warehouse", "run again", "credentials", "whole", "is gone")), text


def outcome(job: str, world: World) -> RadrayError | None:
    """Do the job through the proxy; whatever the outcome, a night is the old one, the new one, or not there."""
    raised: Exception | None = None
    try:
        JOBS[job][0](world)
    except (RadrayError, OSError) as caught:
        raised = caught
    # staging is written by pyarrow, in a job by Ray: what it raises is put into words by the command line
    error = None if raised is None else known_error(raised)
    if raised is not None:
        assert error is not None, repr(raised)
        check_error(error, world)
    faults = dict(world.proxy.injected)
    world.proxy.plan()
    world.proxy.injected.update(faults)
    assert world.rows(OLD) == expected_rows("k0", UNITS)
    assert world.rows(NEW) in ((), expected_rows("k1", UNITS))
    return error


def check_rerun(world: World) -> None:
    """Check that a run without faults makes the night whole, and leaves no staging."""
    run_night(Warehouse(world.behind), NEW, "k1", UNITS)
    assert world.rows(NEW) == expected_rows("k1", UNITS)
    assert run_night(Warehouse(world.behind), NEW, "k1", UNITS) is False
    assert staged_files(world.straight, "k1") == []


@pytest.mark.parametrize(("job", "operation", "fault"), cases(PASSING, PASSING_ALWAYS))
def test_a_fault_that_passes_is_not_seen(world: World, job: str, operation: Operation, fault: Fault) -> None:
    world.proxy.plan(Rule(fault, operation, first=2 if job == "write" and operation is Operation.GET else 1))
    error = outcome(job, world)
    assert world.proxy.count(fault, operation) == 1
    # pyarrow, which writes staging, tries again after 503, S3's own word for "slow down", and not after 429
    assert error is None or (job, operation, str(fault)) == ("write", Operation.MULTIPART, "429"), (
        f"not retried: {error}"
    )
    if job == "write" and error is not None:
        check_rerun(world)
    elif job == "write":
        assert world.rows(NEW) == expected_rows("k1", UNITS)
        check_rerun(world)


@pytest.mark.parametrize("fault", [*BODIES, Fault.FLIPPED_IN], ids=str)
@pytest.mark.parametrize("job", ["write", "read", "maintain", "source"])
def test_a_broken_body_is_read_or_sent_again(world: World, job: str, fault: Fault) -> None:
    operation = Operation.PUT if fault is Fault.FLIPPED_IN else Operation.GET
    if operation not in JOBS[job][1]:
        pytest.skip(f"{job} sends no {operation}")
    # each body once: the first, the third, ... request gets the fault
    world.proxy.plan(*(Rule(fault, operation, first=number) for number in (1, 3, 5, 7, 9)))
    error = outcome(job, world)
    assert world.proxy.count(fault, operation) >= 1
    assert error is None
    if job == "write":
        assert world.rows(NEW) == expected_rows("k1", UNITS)


@pytest.mark.parametrize(("job", "operation", "fault"), cases((*PASSING, *REFUSALS, Fault.MISSING), STAYING_ALWAYS))
def test_a_fault_that_stays_is_one_clear_error_and_a_rerun_is_whole(
    world: World, job: str, operation: Operation, fault: Fault
) -> None:
    if fault is Fault.STALL and operation is not Operation.GET:
        pytest.skip("each try waits for the timeout: once is enough")
    first = 1 if operation is Operation.DELETE else 2
    world.proxy.plan(Rule(fault, operation, first=first, count=None))
    error = outcome(job, world)
    if world.proxy.count(fault, operation) == 0:
        pytest.skip(f"{job} makes one {operation} request")
    if error is None:  # what failed is not needed for the result: markers of folders
        assert job == "write" or fault in (Fault.LOST, Fault.MISSING)
    check_rerun(world)


def test_credentials_revoked_in_the_middle_of_a_run(world: World) -> None:
    for first in (2, 5, 10, 20):
        world.proxy.plan(Rule(Fault.FORBIDDEN, first=first, count=None))
        with pytest.raises(RadrayError) as caught:
            write(world)
        assert world.proxy.count(Fault.FORBIDDEN) >= 1
        check_error(caught.value, world)
        world.proxy.plan()
        assert world.rows(NEW) == ()
    check_rerun(world)


def test_credentials_that_are_revoked_before_it_are_a_setting(world: World) -> None:
    world.proxy.plan(Rule(Fault.FORBIDDEN, count=None))
    with pytest.raises(ConfigError, match="the credentials are refused") as caught:
        Warehouse(world.behind)
    assert caught.value.exit_code == 2
    check_error(caught.value, world)


def test_a_staged_file_that_is_gone_between_list_and_get_is_made_again(world: World) -> None:
    with pytest.raises(RadrayError):
        _killed_after_staging(world)
    world.proxy.plan(Rule(Fault.MISSING, Operation.GET, key="/_staging/", count=2, method="GET"))
    write(world)
    assert world.proxy.count(Fault.MISSING) == 2
    assert world.rows(NEW) == expected_rows("k1", UNITS)


def _killed_after_staging(world: World) -> None:
    world.proxy.plan(Rule(Fault.FORBIDDEN, Operation.PUT, count=None, key="/data/reports/"))
    write(world)


@pytest.mark.parametrize("fault", BODIES, ids=str)
def test_what_duckdb_reads_is_the_right_rows_or_one_error(world: World, fault: Fault) -> None:
    world.proxy.plan(Rule(fault, Operation.GET, key=".metadata.json", count=None))
    with pytest.raises(RadrayError) as caught:
        ask(world)
    assert world.proxy.count(fault) >= 1
    check_error(caught.value, world)


def random_nights(world: World, requests: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Write, read, query and maintain nights at RATE until the proxy has seen `requests`; no row may be wrong."""
    monkeypatch.setattr(s3_module, "ATTEMPTS", 8)
    faults = tuple(
        fault for fault in (*PASSING, Fault.TRUNCATED, Fault.FLIPPED, Fault.FLIPPED_IN) if fault is not Fault.STALL
    )
    held: dict[int, str] = {}
    failed = 0
    world.proxy.chance_of(SEED, RATE, faults)
    number = 0
    while sum(world.proxy.requests.values()) < requests:
        number += 1
        date, key = number % 5 + 2, f"r{number}"
        try:
            run_night(Warehouse(world.behind), night(date), key, UNITS)
            held[date] = key
            if number % 4 == 0:
                maintain(Warehouse(world.behind), AT_ONCE)
            for seen, its_key in held.items():
                assert read_rows(Warehouse(world.behind), night(seen)) == expected_rows(its_key, UNITS)
        except (RadrayError, OSError) as raised:
            error = known_error(raised)
            if error is None:
                raise
            check_error(error, world)
            failed += 1
            now = world.rows(night(date))
            assert now in (expected_rows(key, UNITS), expected_rows(held.get(date, ""), UNITS if date in held else []))
            if now == expected_rows(key, UNITS):
                held[date] = key
    total, faulty = sum(world.proxy.requests.values()), world.proxy.count()
    world.proxy.plan()
    print(f"seed {SEED}: {total} requests, {faulty} faults, {number} nights, {failed} failed with one error")  # noqa: T201
    assert faulty > 0.02 * total
    assert failed < number
    for seen, its_key in held.items():
        assert world.rows(night(seen)) == expected_rows(its_key, UNITS)


def test_no_wrong_row_under_random_faults(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    random_nights(world, REQUESTS, monkeypatch)


@pytest.mark.drill
def test_no_wrong_row_in_2000_requests_under_random_faults(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    random_nights(world, DRILL_REQUESTS, monkeypatch)


def test_the_plan_counts_what_it_does(world: World) -> None:
    client = Storage.of(world.behind.s3).access.boto(1)
    world.proxy.plan(Rule(Fault.ERROR, Operation.LIST, first=2))
    client.list_objects_v2(Bucket=BUCKET)
    with pytest.raises(client.exceptions.ClientError, match="InternalError"):
        client.list_objects_v2(Bucket=BUCKET)
    client.list_objects_v2(Bucket=BUCKET)
    assert world.proxy.requests == {Operation.LIST: 3}
    assert world.proxy.injected == {(Fault.ERROR, Operation.LIST): 1}
    assert partition(NEW)["batch_date"] == NEW
    assert REPORTS.name == "reports"
