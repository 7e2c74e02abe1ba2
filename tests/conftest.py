"""Fixtures that several folders of tests share."""

import csv
import os
from collections.abc import Iterator

import pytest

from tests.support.paths import openi_file
from tests.support.s3_server import S3Server, running_s3

# threads that wait for one another would keep the processors busy with it, of which other tests have need
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that take longest: a process that came to one last would work alone for minutes."""
    items.sort(key=lambda item: item.path.name not in ("test_trainer.py", "test_crash.py"))


@pytest.fixture(scope="session")
def s3_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3Server]:
    """Return a real S3 server, one a session; its keys are not in the environment."""
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
