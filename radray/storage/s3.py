"""Access to S3, the same for every client: pyarrow, boto3 (and smart_open through it), pyiceberg, DuckDB.

Retries and timeouts are set here, once for all clients: a night runs for hours, so a store that is down for half a
minute must not end it, and one that has stopped answering must not hold it up for ever.
"""

import datetime
import hashlib
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urlsplit

import boto3
import botocore.loaders
import botocore.session
import pyarrow.fs as pafs
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from radray.errors import ConfigError
from radray.settings.warehouse import IN_CLEAR, S3Settings, is_in_clear
from radray.storage.failures import CREDENTIALS, BrokenBody, cause, code_of, lever, status_of

SCHEME = "s3://"

_T = TypeVar("_T")

ATTEMPTS = 8
"""Attempts at one request. Backing off, pyarrow spends 30 to 60 s on 8 and 0.6 s on its default 3 (measured on a
server that answers 503 and 500 alone); with 5 % of requests failing at random, 2,000 requests all pass but once in
10^7."""
FIRST_ATTEMPTS = 3
"""Attempts at the first request, which asks whether the bucket exists: a person may be waiting."""
CONNECT_TIMEOUT_S = 10
STALL_TIMEOUT_S = 30
"""A connection that is silent for so long is given up and the request sent again."""


class Retries(pafs.AwsStandardS3RetryStrategy):
    """pyarrow's retry strategy with ATTEMPTS; pyiceberg creates it by its name, without arguments."""

    def __init__(self) -> None:
        super().__init__(max_attempts=ATTEMPTS)


@dataclass(frozen=True, slots=True)
class S3Object:
    """One object as S3 lists it."""

    uri: str
    bytes: int
    etag: str
    """Changes with the content: an MD5, or for multipart and encrypted objects another digest."""
    modified: datetime.datetime
    """Last written, with its time zone."""

    @classmethod
    def listed(cls, bucket: str, entry: Mapping[str, Any]) -> "S3Object":
        """Return the object that is an `entry` of a listing of `bucket`."""
        uri = f"{SCHEME}{bucket}/{entry['Key']}"
        return cls(uri, entry["Size"], entry["ETag"].strip('"'), entry["LastModified"])


@dataclass(frozen=True, slots=True)
class S3Access:
    """Where S3 is, resolved once on the driver, so that it means the same on every machine.

    It holds no credentials: each process finds its own by the usual chain (environment, profile, role).
    """

    endpoint: str | None
    """URL without a trailing slash; None: AWS."""
    region: str
    path_style: bool

    @classmethod
    def resolve(cls, settings: S3Settings) -> "S3Access":
        """Return the access of `settings`; what they leave out comes from the environment and the profile.

        Raises ConfigError where the environment names an endpoint that S3Settings would refuse.
        """
        endpoint = settings.endpoint or _endpoint_of_environment()
        region = settings.region or os.environ.get("AWS_REGION") or _botocore().get_config_variable("region")
        return cls(endpoint.rstrip("/") if endpoint else None, str(region or "us-east-1"), settings.path_style)

    def boto(self, attempts: int | None = None) -> Any:
        """Return a boto3 client, which threads may share and processes may not."""
        config = Config(
            retries={"mode": "standard", "total_max_attempts": attempts or ATTEMPTS},
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=STALL_TIMEOUT_S,
            s3={"addressing_style": "path" if self.path_style else "virtual"},
        )
        return _session().client("s3", endpoint_url=self.endpoint, region_name=self.region, config=config)

    def pyiceberg(self) -> dict[str, str]:
        """Return the catalog properties by which pyiceberg opens files; `of_pyiceberg` is the inverse."""
        properties = {
            "py-io-impl": "radray.storage.iceberg_io.VerifiedFileIO",
            "s3.region": self.region,
            "s3.force-virtual-addressing": str(not self.path_style).lower(),
            "s3.connect-timeout": str(CONNECT_TIMEOUT_S),
            "s3.request-timeout": str(STALL_TIMEOUT_S),
            "s3.retry-strategy-impl": f"{Retries.__module__}.{Retries.__name__}",
        }
        return properties if self.endpoint is None else {**properties, "s3.endpoint": self.endpoint}

    @classmethod
    def of_pyiceberg(cls, properties: Mapping[str, str]) -> "S3Access":
        """Return the access whose `pyiceberg` gave `properties`."""
        path_style = properties.get("s3.force-virtual-addressing") == "false"
        return cls(properties.get("s3.endpoint"), properties.get("s3.region", "us-east-1"), path_style)

    def duckdb(self) -> list[str]:
        """Return the statements that let a DuckDB connection with httpfs read S3; they hold the credentials.

        The secret lives in the connection's memory and is never written. Raises ConfigError where there are none.
        """
        credentials = _botocore().get_credentials()
        if credentials is None:
            raise ConfigError(f"S3: no credentials: {CREDENTIALS}")
        keys = credentials.get_frozen_credentials()
        options = {"KEY_ID": keys.access_key, "SECRET": keys.secret_key, "REGION": self.region}
        options["URL_STYLE"] = "path" if self.path_style else "vhost"
        if keys.token:
            options["SESSION_TOKEN"] = keys.token
        if self.endpoint is not None:
            parts = urlsplit(self.endpoint)
            options |= {"ENDPOINT": parts.netloc, "USE_SSL": str(parts.scheme == "https").lower()}
        listed = ", ".join(f"{name} '{quoted(value)}'" for name, value in options.items())
        return [
            f"CREATE SECRET (TYPE s3, {listed})",
            f"SET http_timeout = {STALL_TIMEOUT_S}",
            f"SET http_retries = {ATTEMPTS - 1}",
            "SET http_retry_wait_ms = 200",
            "SET http_retry_backoff = 2",
        ]

    def check(self, uri: str) -> None:
        """Check that the folder `uri` can be listed now. Raises ConfigError, which holds no secret, when it cannot."""
        bucket, prefix = _folder(uri)
        try:
            client = self.boto(min(FIRST_ATTEMPTS, ATTEMPTS))
            persistently(lambda: client.list_objects_v2(Bucket=bucket, Prefix=prefix, MaxKeys=1))
        except (ClientError, BotoCoreError) as error:
            raise ConfigError(f"{uri}: {cause(error)} at {self.endpoint or 'AWS'}: {lever(error)}") from None


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key of an ``s3://`` uri; the key may be empty."""
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    return bucket, key


def find(client: Any, uri: str) -> S3Object | None:
    """Return the object at `uri`; None where there is none. Raises botocore's errors.

    By a listing: that an object is not there a HEAD says only to a role that may list the whole bucket. To one that may
    list a folder of it, as those of jobs/configs/iam, it says 403.
    """
    bucket, key = split(uri)
    if not key:
        return None
    # objects come by key, and of those that begin with this one it is the first
    page = persistently(lambda: client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1))
    entries = [S3Object.listed(bucket, entry) for entry in page.get("Contents", ()) if entry["Key"] == key]
    return entries[0] if entries else None


def head(client: Any, uri: str) -> S3Object:
    """Return the object at `uri`, which is there. Raises as `read` does."""
    bucket, key = split(uri)
    with missing_or_denied(client, uri):
        answer = persistently(lambda: client.head_object(Bucket=bucket, Key=key))
    return S3Object(uri, answer["ContentLength"], answer["ETag"].strip('"'), answer["LastModified"])


@contextmanager
def missing_or_denied(client: Any, uri: str) -> Iterator[None]:
    """Tell an object that is not at `uri` from one that is denied, where S3 refuses to read it in the block.

    Of both S3 says 403 to a role that may not list the whole bucket. Raises FileNotFoundError, botocore's errors.
    """
    try:
        yield
    except ClientError as error:
        # a HEAD's 404 has no code: its answer has no body
        if code_of(error) == "404" or (status_of(error) == 403 and find(client, uri) is None):
            raise FileNotFoundError from None
        raise


def below(client: Any, uri: str) -> Iterator[S3Object]:
    """Yield the objects below the folder `uri`, by key, without the empty ones that mark folders.

    Raises botocore's errors.
    """
    for page in _pages(client, uri):
        for entry in page.get("Contents", ()):
            if not entry["Key"].endswith("/"):
                yield S3Object.listed(split(uri)[0], entry)


def remove(client: Any, uri: str) -> None:
    """Remove everything below the folder `uri`; does nothing where there is none.

    pyarrow's own removal leaves an empty object in place of the parent folder for good. Raises botocore's errors.
    """
    bucket, _ = split(uri)
    for page in _pages(client, uri):
        names = [{"Key": entry["Key"]} for entry in page.get("Contents", ())]
        if names:
            order = {"Objects": names, "Quiet": True}
            answer = persistently(partial(client.delete_objects, Bucket=bucket, Delete=order))
            for refused in answer.get("Errors", ()):
                raise ClientError({"Error": {"Code": str(refused.get("Code"))}}, "DeleteObjects")


def read(client: Any, uri: str) -> bytes:
    """Return the object at `uri`, whole and as it was stored. Raises FileNotFoundError, botocore's errors.

    boto3 verifies the checksum stored with an object, where there is one. Where there is none the ETag is used: the MD5
    of an object written in one piece, and of an upload of one part the MD5 of that MD5. Any other ETag (several parts,
    a KMS key) verifies nothing.
    """
    bucket, key = split(uri)

    def attempt() -> bytes:
        answer = client.get_object(Bucket=bucket, Key=key)
        try:
            body = bytes(answer["Body"].read())
        except BotoCoreError as error:
            raise BrokenBody() from error
        stored = "ServerSideEncryption" not in answer or answer["ServerSideEncryption"] == "AES256"
        if stored and not _is_of_etag(body, answer["ETag"].strip('"')):
            raise BrokenBody()
        return body

    with missing_or_denied(client, uri):
        return persistently(attempt)


def write(client: Any, uri: str, content: bytes | BinaryIO) -> None:
    """Write `content` to `uri` in one request, with the checksum that `read` verifies.

    S3 takes 5 GB in one request; a data file is little over 128 MB. When the answer is lost the request is repeated:
    the same content under the same name. Raises botocore's errors.
    """
    bucket, key = split(uri)

    def attempt() -> None:
        if not isinstance(content, bytes):
            content.seek(0)
        client.put_object(Bucket=bucket, Key=key, Body=content)

    persistently(attempt)


def persistently(request: Callable[[], _T]) -> _T:
    """Return what `request` returns, repeating it where boto3 does not, ATTEMPTS times in all.

    That is: when the body of an answer broke, when a body did not arrive as it was sent, and on HTTP 429. Raises
    botocore's errors.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return request()
        except (BrokenBody, ClientError) as error:
            if isinstance(error, ClientError) and not (status_of(error) == 429 or code_of(error) in _BAD_DIGEST):
                raise
            time.sleep(random.uniform(0, min(20.0, 0.05 * 2**attempt)))
    return request()


def quoted(value: str) -> str:
    """Return `value` as it is written between the quotes of a SQL string."""
    return value.replace("'", "''")


_BAD_DIGEST = ("BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch")
"""Answers of a store to a body that does not have the checksum that came with it."""


def _pages(client: Any, uri: str) -> Iterator[Mapping[str, Any]]:
    """Yield the pages of the listing of the folder `uri`, in which objects come by key."""
    bucket, prefix = _folder(uri)
    order = {"Bucket": bucket, "Prefix": prefix}
    while True:
        page = persistently(lambda: client.list_objects_v2(**order))
        yield page
        if not page.get("IsTruncated"):
            return
        order["ContinuationToken"] = page["NextContinuationToken"]


def _folder(uri: str) -> tuple[str, str]:
    """Return the bucket of the folder `uri` and what the keys in it begin with, to the slash; '' for a whole bucket."""
    bucket, key = split(uri)
    return bucket, f"{key.rstrip('/')}/" if key else ""


def _is_of_etag(body: bytes, etag: str) -> bool:
    """Return whether `body` agrees with `etag`; True for an ETag that is no MD5."""
    md5 = hashlib.md5(body, usedforsecurity=False)
    if re.fullmatch(r"[0-9a-f]{32}", etag):
        return md5.hexdigest() == etag
    if re.fullmatch(r"[0-9a-f]{32}-1", etag):
        return hashlib.md5(md5.digest(), usedforsecurity=False).hexdigest() == etag[:-2]
    return True


def _endpoint_of_environment() -> str | None:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        if endpoint := os.environ.get(name):
            if is_in_clear(endpoint):
                raise ConfigError(f"{name}: {IN_CLEAR}")
            return endpoint
    return None


def _botocore() -> Any:
    return botocore.session.Session()


def _session() -> Any:
    """Return a session of boto3, with the credentials of now, that shares the descriptions of S3 with all others."""
    core = _botocore()
    descriptions = _descriptions(core.get_config_variable("data_path"))
    core.register_component("data_loader", descriptions)
    session = boto3.session.Session(botocore_session=core)
    # each session names its folder anew, and all folders are looked through for what is in none
    descriptions.search_paths[:] = dict.fromkeys(descriptions.search_paths)
    return session


@cache
def _descriptions(data_path: str | None) -> Any:
    """Return what reads the descriptions of services, and keeps them: of the 75 ms that a client takes they are 60."""
    return botocore.loaders.create_loader(data_path)
