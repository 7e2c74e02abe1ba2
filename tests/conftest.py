"""Fixtures that several folders of tests share."""

import csv
import gc
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.paths import openi_file
from tests.support.s3_server import S3Server, running_s3

# threads that wait for one another would keep the processors busy with it, of which other tests have need
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# Ray ends workers where a machine runs low on memory, whoever uses it: a test's are not to pay for its neighbours
os.environ.setdefault("RAY_memory_monitor_refresh_ms", "0")
# hundreds of processes import radray and the tests: they are compiled once (images of Python often turn this off)
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
# Ray's own is 15: its workers would stand still for as long as another process's tests compute
os.environ.setdefault("RAY_worker_niceness", "0")


def _own_cache() -> "tempfile.TemporaryDirectory[str]":
    """Return a cache for this process's tests: what they convert is not to be found by anybody else's.

    Of the user's own it has all but radray's folder, and of that the models of GGUF files, which take a minute.
    """
    theirs = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    cache = tempfile.TemporaryDirectory(prefix="radray-tests-")
    (Path(cache.name) / "radray").mkdir()
    for place in (*theirs.glob("*"), theirs / "radray" / "gguf"):
        if place.name != "radray" and place.exists():
            (Path(cache.name) / place.relative_to(theirs)).symlink_to(place)
    os.environ["XDG_CACHE_HOME"] = cache.name
    return cache


_CACHE = _own_cache()

# what is imported and collected is not garbage: looking through it takes a process a fifth of its collection
gc.disable()


# a busy machine makes single examples slow: hypothesis is to judge what they give, and not how long they take; and it
# tries the same examples in every run: a search for new ones is `--hypothesis-profile=default`
settings.register_profile("busy", deadline=None, derandomize=True)
settings.load_profile("busy")

_RAY_RAN = pytest.StashKey[bool]()
FIRST = (
    *("test_identifiers.py", "test_whole_loop.py", "test_crash.py", "test_resume.py"),
    *("test_trainer.py", "test_nights.py", "test_two_writers.py", "test_fault_proxy.py"),
    *("test_cluster_nights.py", "test_killed.py", "test_validation.py", "test_methods.py"),
    *("test_actors_run.py", "test_engine_choice.py", "test_certificate.py", "test_schedules.py"),
    *("test_prepare_job.py", "test_cli.py", "test_evaluate.py", "test_lease.py", "test_erasure.py"),
)
"""The modules that take longest, in the order that they begin: a process that came to one last would work alone for
minutes. Of each four, two wait for Ray and two compute."""
SLOW_FOLDERS = ("e2e", "faults")
SLOW_MODULES = (
    *(
        "test_rows_version.py",
        "test_trainer.py",
        "test_engine_choice.py",
        "test_actors_run.py",
        "test_wheel.py",
        "test_locks.py",
    ),
    *("test_evaluate.py", "test_evaluate_page.py", "test_evaluate_review.py", "test_generate.py", "test_nightly.py"),
    *("test_cli.py", "test_released_versions.py", "test_store.py", "test_verified.py"),
    *("test_beds.py", "test_recall.py", "test_scoring.py", "test_bad_inputs.py", "test_mutated_files.py"),
    *("test_write_impressions.py", "test_engine_process.py", "test_worker_parity.py", "test_resume.py"),
    *("test_methods.py", "test_validation.py", "test_views.py", "test_erasure.py"),
    *("test_evaluation_page.py", "test_parity.py", "test_training_plan.py", "test_lease.py"),
)
"""Modules that start Ray or processes, or work for tens of seconds, beside the folders and fixtures that do."""
SLOW_FIXTURES = {"s3", "s3_server"}


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest modules, and mark as quick what is neither slow nor a drill."""
    places = {name: place for place, name in enumerate(FIRST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))
    for item in items:
        if is_slow(item):
            item.add_marker("slow")
        elif item.get_closest_marker("drill") is None:
            item.add_marker("quick")


def pytest_collection_finish() -> None:
    """Leave what was imported and collected out of all garbage collections: it stays until the tests end.

    A full collection of it takes a quarter of a second, and a parity run has four.
    """
    gc.collect()
    gc.freeze()
    gc.enable()


def is_slow(item: pytest.Item) -> bool:
    """Whether a test starts Ray, the S3 server or processes, or takes seconds: by where it is or what it uses."""
    parameters = getattr(item, "callspec", None)
    return (
        item.get_closest_marker("slow") is not None
        or item.path.parent.name in SLOW_FOLDERS
        or item.path.name in SLOW_MODULES
        or bool(SLOW_FIXTURES & set(getattr(item, "fixturenames", ())))
        or (parameters is not None and "s3" in parameters.params.values())
    )


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Note whether Ray runs before a test and its fixtures."""
    item.stash[_RAY_RAN] = _ray_runs()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item: pytest.Item) -> Iterator[None]:
    """Fail a quick test that started Ray, once it is torn down."""
    running = _ray_runs()
    yield
    if item.get_closest_marker("quick") is not None and running and not item.stash[_RAY_RAN]:
        pytest.fail("a quick test starts Ray: mark it, or its module, as slow")


def _ray_runs() -> bool:
    ray = sys.modules.get("ray")
    return ray is not None and bool(ray.is_initialized())


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Return a real S3 server, one per session; its keys are not in the environment."""
    with running_s3(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture
def s3(s3_server: S3Server, monkeypatch: pytest.MonkeyPatch) -> S3Server:
    """Return the server with its keys in the environment, as the usual chain finds them."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"):
        monkeypatch.delenv(name, raising=False)
    for name, value in s3_server.environment().items():
        monkeypatch.setenv(name, value)
    return s3_server


@pytest.fixture(scope="module")
def warm_engines() -> Iterator[None]:
    """Have the engines that a module's tests start forked from a process that has imported all: 3 s less of each."""
    from tests.support.forked import forked_engines

    with forked_engines():
        yield


@pytest.fixture(scope="session")
def openi_pairs() -> list[tuple[str, str, bool]]:
    """Findings, impression and whether human coders called it normal, of the studies that have both texts."""
    file = openi_file()
    if not file.is_file():
        pytest.skip(f"no Open-i reports at {file}: set RADRAY_DATA to the folder that has them")
    with file.open(encoding="utf-8-sig", newline="") as rows:
        return [
            (row["findings"], row["impression"], row["MeSH"] == "normal")
            for row in csv.DictReader(rows)
            if row["findings"].strip() and row["impression"].strip()
        ]
