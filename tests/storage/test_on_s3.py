"""A warehouse on a real S3 server, through every client there is; and the error when S3 denies access."""

import hashlib
import io
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.analytics.query import query
from radray.errors import ConfigError, InputError, RadrayError
from radray.schema.reports import REPORTS
from radray.settings.loading import load_settings
from radray.settings.warehouse import S3Settings, WarehouseSettings
from radray.storage.arrow import s3_filesystem
from radray.storage.files import Storage
from radray.storage.s3 import ATTEMPTS, S3Access
from radray.tables.catalog import Warehouse
from radray.tables.merge import staged_ids
from tests.support.paths import ROOT
from tests.support.s3_server import BUCKET, KEY_ID, SECRET, S3Server
from tests.support.worlds.tables import Night


@pytest.fixture
def settings(s3: S3Server, tmp_path: Path) -> WarehouseSettings:
    return WarehouseSettings(
        uri=f"s3://{BUCKET}/{tmp_path.name}", catalog_uri=f"{tmp_path}/catalog.db", s3=s3.settings()
    )


@pytest.fixture
def storage(settings: WarehouseSettings) -> Storage:
    return Storage.of(settings.s3)


def put(storage: Storage, uri: str, content: bytes) -> None:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    storage.access.boto().put_object(Bucket=bucket, Key=key, Body=content)


def keys(storage: Storage, uri: str) -> list[str]:
    """Return every key below `uri`, markers of folders too, as boto3 lists them."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    answer = storage.access.boto().list_objects_v2(Bucket=bucket, Prefix=f"{key}/")
    return [item["Key"] for item in answer.get("Contents", ())]


def test_boto3_pyarrow_pyiceberg_and_duckdb_read_the_same_rows(settings: WarehouseSettings) -> None:
    warehouse = Warehouse(settings)
    night = Night(warehouse, "k1")
    night.stage(["3", "1", "2"])
    night.finish(["1", "2", "3"])
    expected = warehouse.read(REPORTS).sort_by("unit_id").to_pylist()  # pyiceberg
    assert [row["unit_id"] for row in expected] == ["1", "2", "3"]
    assert query(warehouse, "SELECT * FROM reports ORDER BY unit_id").to_pylist() == expected
    (file,) = night.base.files(warehouse.load(REPORTS))
    fs, path = warehouse.storage.filesystem(file)
    by_pyarrow = pq.read_table(path, filesystem=fs, page_checksum_verification=True)
    assert by_pyarrow.sort_by("unit_id").to_pylist() == expected
    bucket, _, key = file.removeprefix("s3://").partition("/")
    body = warehouse.storage.access.boto().get_object(Bucket=bucket, Key=key)["Body"].read()
    assert pq.read_table(pa.BufferReader(body)).sort_by("unit_id").to_pylist() == expected
    # nothing of the night on this disk but the catalog, and no staging on S3
    assert [entry.name for entry in Path(str(settings.catalog_uri)).parent.iterdir()] == ["catalog.db"]
    assert [key for key in keys(warehouse.storage, settings.uri) if "_staging" in key and not key.endswith("/")] == []


def test_a_file_of_several_parts_is_what_was_written(settings: WarehouseSettings, storage: Storage) -> None:
    content = os.urandom(23 << 20)  # pyarrow uploads parts of 10 MB
    fs, path = storage.filesystem(f"{settings.uri}/big")
    with fs.open_output_stream(path) as stream:
        for start in range(0, len(content), 1 << 20):
            stream.write(content[start : start + (1 << 20)])
    with storage.open_input(f"{settings.uri}/big") as opened:
        assert opened.read() == content
    (frozen,) = storage.freeze(f"{settings.uri}/big")
    assert frozen.bytes == len(content)
    assert frozen.digest.endswith("-3")


def test_a_folder_is_frozen_by_etag(settings: WarehouseSettings, storage: Storage) -> None:
    source = f"{settings.uri}/it's a source"
    for name in ("b.txt", "a/c.txt", ".hidden/d.txt", "a/.e"):
        put(storage, f"{source}/{name}", name.encode())
    put(storage, f"{source}-other/f.txt", b"beside")
    first = storage.freeze(source)
    assert [(file.path, file.uri, file.bytes) for file in first] == [
        ("a/c.txt", f"{source}/a/c.txt", 7),
        ("b.txt", f"{source}/b.txt", 5),
    ]
    assert first[1].digest == hashlib.md5(b"b.txt").hexdigest()  # what S3's etag of a lone PUT is
    assert storage.freeze(source) == first
    put(storage, f"{source}/b.txt", b"B.TXT")
    assert [file.path for file, was in zip(storage.freeze(source), first, strict=True) if file != was] == ["b.txt"]
    assert storage.list_files(source, ".txt") == [f"{source}/{name}" for name in (".hidden/d.txt", "a/c.txt", "b.txt")]


def test_an_archive_is_read_by_seeking_in_another_process_too(settings: WarehouseSettings, storage: Storage) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for place in range(50):
            archive.writestr(f"{place}.txt", f"report {place} " * 500)
    put(storage, f"{settings.uri}/a.zip", buffer.getvalue())
    storage.require(f"{settings.uri}/a.zip")  # its clients are made, and are left behind
    sent = pickle.dumps(storage)
    assert SECRET.encode() not in sent
    assert KEY_ID.encode() not in sent
    with pickle.loads(sent).open_input(f"{settings.uri}/a.zip") as stream, zipfile.ZipFile(stream) as archive:
        assert archive.read("49.txt") == b"report 49 " * 500
        assert archive.read("0.txt") == b"report 0 " * 500
    put(storage, f"{settings.uri}/a.csv", b"\xef\xbb\xbfstudy_id,split\r\n")
    with io.TextIOWrapper(storage.open_input(f"{settings.uri}/a.csv"), encoding="utf-8-sig", newline="") as text:
        assert text.read() == "study_id,split\r\n"


def test_metadata_that_is_gone_is_one_clear_error(settings: WarehouseSettings) -> None:
    warehouse = Warehouse(settings)
    warehouse.load(REPORTS)
    warehouse.storage.remove_folder(warehouse.layout.location("reports"))
    with pytest.raises(InputError, match="table reports: its metadata cannot be read: FileNotFoundError: is s3://"):
        query(warehouse, "SELECT 1")


def test_a_removed_folder_is_gone_and_its_neighbours_are_not(settings: WarehouseSettings, storage: Storage) -> None:
    for name in ("k1/a", "k1/b/c", "k10/a"):
        put(storage, f"{settings.uri}/{name}", b"x")
    storage.remove_folder(f"{settings.uri}/k1")
    storage.remove_folder(f"{settings.uri}/never")
    assert storage.list_files(settings.uri) == [f"{settings.uri}/k10/a"]
    assert keys(storage, settings.uri) == [f"{settings.uri.removeprefix(f's3://{BUCKET}/')}/k10/a"]


def changed(settings: WarehouseSettings, **s3: object) -> WarehouseSettings:
    """Return the settings with another S3 section."""
    return settings.model_copy(update={"s3": settings.s3.model_copy(update=s3)})


@pytest.mark.parametrize(
    ("variable", "value", "says"),
    [
        ("AWS_SECRET_ACCESS_KEY", "another-secret", "SignatureDoesNotMatch .* AWS_PROFILE"),
        ("AWS_ACCESS_KEY_ID", "AKIANOBODY", "InvalidAccessKeyId .* AWS_PROFILE"),
    ],
)
def test_a_wrong_key_is_one_clear_error_without_it(
    settings: WarehouseSettings, monkeypatch: pytest.MonkeyPatch, variable: str, value: str, says: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(ConfigError, match=says) as caught:
        Warehouse(settings)
    with pytest.raises(InputError, match=r"source\.uri=.* 403") as source:
        Storage.of(settings.s3).freeze(f"{settings.uri}/reports.zip")
    for error in (caught.value, source.value):
        assert not {secret for secret in (value, SECRET, KEY_ID) if secret in str(error)}
        assert error.__cause__ is None


def test_staging_that_cannot_be_seen_is_not_taken_for_none(
    settings: WarehouseSettings, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert staged_ids(storage, f"{settings.uri}/_staging", REPORTS) == []
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "another-secret")
    with pytest.raises(RadrayError, match="_staging: cannot be listed: SignatureDoesNotMatch"):
        staged_ids(Storage.of(settings.s3), f"{settings.uri}/_staging", REPORTS)


def test_a_bucket_that_is_not_there_is_one_clear_error(settings: WarehouseSettings, storage: Storage) -> None:
    with pytest.raises(ConfigError, match=r"s3://nowhere/radray: NoSuchBucket .* create it, or name another"):
        Warehouse(settings.model_copy(update={"uri": "s3://nowhere/radray"}))
    with pytest.raises(InputError, match=r"s3://nowhere/reports: cannot be listed: NoSuchBucket"):
        storage.freeze("s3://nowhere/reports")
    with pytest.raises(InputError, match=r"\(file [0-9a-f]{12}\): no such file or folder"):
        storage.freeze(f"{settings.uri}/reports.zip")
    with pytest.raises(InputError, match=r"split\.csv: cannot be opened: FileNotFoundError"):
        storage.open_input(f"{settings.uri}/split.csv")


def test_an_endpoint_that_does_not_answer_is_one_clear_error(settings: WarehouseSettings) -> None:
    with pytest.raises(ConfigError, match=r"EndpointConnectionError at http://127\.0\.0\.1:9: see warehouse"):
        Warehouse(changed(settings, endpoint="http://127.0.0.1:9"))


def test_no_credentials_at_all_are_one_clear_error(
    settings: WarehouseSettings, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    with pytest.raises(ConfigError, match=r"NoCredentialsError .* set AWS_ACCESS_KEY_ID"):
        Warehouse(settings)
    with pytest.raises(ConfigError, match="no credentials: set AWS_ACCESS_KEY_ID"):
        storage.access.duckdb()


def test_a_job_that_is_not_let_in_ends_with_one_line_and_exit_code_2(s3: S3Server, tmp_path: Path) -> None:
    (tmp_path / "catalog.db").touch()
    words = [f"warehouse.uri=s3://{BUCKET}/x", f"warehouse.catalog_uri={tmp_path}/catalog.db", *s3.overrides()]
    done = subprocess.run(
        [sys.executable, "-m", "jobs.query", "SELECT 1", *words],
        cwd=ROOT,
        env=os.environ | {"AWS_SECRET_ACCESS_KEY": "another-secret"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"error: s3://{BUCKET}/x: SignatureDoesNotMatch (HTTP 403) at {s3.endpoint}")
    assert not {secret for secret in ("another-secret", SECRET, KEY_ID) if secret in done.stdout + done.stderr}


def test_what_settings_leave_out_comes_from_the_environment_once(monkeypatch: pytest.MonkeyPatch, s3: S3Server) -> None:
    assert S3Access.resolve(S3Settings()) == S3Access(None, "us-east-1", path_style=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert S3Access.resolve(S3Settings()).region == "eu-west-1"
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://s3.example")
    access = S3Access.resolve(S3Settings())
    assert access == S3Access("https://s3.example", "eu-central-1", path_style=False)
    given = S3Access.resolve(S3Settings(endpoint="https://other.example/", region="eu-north-1"))
    assert given == S3Access("https://other.example", "eu-north-1", path_style=False)


def test_every_client_gets_the_same_place_and_as_many_tries(s3: S3Server) -> None:
    access = S3Access.resolve(s3.settings())
    client = access.boto()
    assert client.meta.endpoint_url == access.endpoint
    assert client.meta.config.retries["total_max_attempts"] == ATTEMPTS
    iceberg = access.pyiceberg()
    assert (iceberg["s3.endpoint"], iceberg["s3.region"]) == (access.endpoint, "us-east-1")
    assert s3_filesystem(access).region == "us-east-1"
    assert f"ENDPOINT '{str(access.endpoint).removeprefix('http://')}', USE_SSL 'false'" in access.duckdb()[0]


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ({"endpoint": "http://127.0.0.1:8333"}, "path_style=true"),
        ({"endpoint": "http://[::1]:8333"}, "path_style=true"),
        ({"endpoint": "127.0.0.1:8333", "path_style": True}, "endpoint"),
        ({"endpoint": f"https://{KEY_ID}:{SECRET}@s3.example"}, "endpoint"),
        ({"access_key": KEY_ID}, "access_key"),
    ],
)
def test_settings_that_cannot_work_or_hold_a_secret_are_refused(values: dict[str, object], says: str) -> None:
    words = [f"warehouse.s3.{name}={value}" for name, value in values.items()]
    with pytest.raises(RadrayError, match=says) as caught:
        load_settings((), words)
    assert caught.value.exit_code == 2
    assert SECRET not in str(caught.value)


def test_the_server_checks_signatures(s3: S3Server) -> None:
    client = boto3.client(
        "s3", endpoint_url=s3.endpoint, region_name="us-east-1", aws_access_key_id=KEY_ID, aws_secret_access_key="no"
    )
    with pytest.raises(client.exceptions.ClientError, match="SignatureDoesNotMatch"):
        client.list_objects_v2(Bucket=BUCKET)
