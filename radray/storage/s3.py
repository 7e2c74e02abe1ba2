"""One way to S3 for every client there is: pyarrow, boto3 (and smart_open by it), pyiceberg, DuckDB.

Retries and timeouts are the same for all and are set here on purpose: a night runs for hours, so a store that is out
for half a minute must not cost it, and one that has stopped answering must not hold it for ever.
"""

import errno
import hashlib
import os
import random
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, BinaryIO, TypeVar
from urllib.parse import urlsplit

import boto3
import botocore.session
import pyarrow.fs as pafs
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from radray.errors import ConfigError
from radray.settings.warehouse import S3Settings

SCHEME = "s3://"

_T = TypeVar("_T")

ATTEMPTS = 8
"""Tries of one request. Backing off, pyarrow spends 30 to 60 s on 8 and 0.6 s on its default 3 (measured on a server
that answers 503 and 500 alone); with 5 % of requests failing at random, 2,000 requests all pass but once in 10^7."""
FIRST_ATTEMPTS = 3
"""Tries of the one request that asks, before anything else, whether the bucket is there: a person may be waiting."""
CONNECT_TIMEOUT_S = 10
STALL_TIMEOUT_S = 30
"""A connection on which nothing comes for so long is given up and the request tried again."""


class BrokenBody(BotoCoreError):
    """The body of an answer stopped half-way, or is not what was stored."""

    fmt = "broken body"


class Retries(pafs.AwsStandardS3RetryStrategy):
    """pyarrow's retry strategy with our number of tries; pyiceberg makes it by its name, without arguments."""

    def __init__(self) -> None:
        super().__init__(max_attempts=ATTEMPTS)


@dataclass(frozen=True, slots=True)
class S3Object:
    """One object as S3 lists it."""

    uri: str
    bytes: int
    etag: str
    """Changes with the content: an MD5, or for multipart and encrypted objects another digest."""


@dataclass(frozen=True, slots=True)
class S3Access:
    """Where S3 is, resolved once on the driver, so that it means the same on every machine it is sent to.

    It holds no credentials: each process finds its own by the usual chain (environment, profile, role).
    """

    endpoint: str | None
    """URL without a trailing slash; None: AWS."""
    region: str
    path_style: bool

    @classmethod
    def resolve(cls, settings: S3Settings) -> "S3Access":
        """Return the access of `settings`, what they leave out taken from the environment and the profile."""
        endpoint = settings.endpoint or os.environ.get("AWS_ENDPOINT_URL_S3") or os.environ.get("AWS_ENDPOINT_URL")
        region = settings.region or os.environ.get("AWS_REGION") or _botocore().get_config_variable("region")
        return cls(endpoint.rstrip("/") if endpoint else None, str(region or "us-east-1"), settings.path_style)

    def arrow(self) -> pafs.S3FileSystem:
        """Return pyarrow's file system.

        Sent to another process it has pyarrow's own 3 tries (they are not pickled); Ray Data, which sends it, puts
        10 of its own around each operation.
        """
        return pafs.S3FileSystem(
            endpoint_override=self.endpoint,
            region=self.region,
            force_virtual_addressing=not self.path_style,
            connect_timeout=CONNECT_TIMEOUT_S,
            request_timeout=STALL_TIMEOUT_S,
            retry_strategy=Retries(),
        )

    def boto(self, attempts: int | None = None) -> Any:
        """Return a boto3 client, safe to share between threads, not to be sent to another process."""
        config = Config(
            retries={"mode": "standard", "total_max_attempts": attempts or ATTEMPTS},
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=STALL_TIMEOUT_S,
            s3={"addressing_style": "path" if self.path_style else "virtual"},
        )
        return boto3.session.Session().client("s3", endpoint_url=self.endpoint, region_name=self.region, config=config)

    def pyiceberg(self) -> dict[str, str]:
        """Return the catalog properties that pyiceberg opens files by; `of_pyiceberg` is the way back."""
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
        """Return the access whose `pyiceberg` properties these are."""
        path_style = properties.get("s3.force-virtual-addressing") == "false"
        return cls(properties.get("s3.endpoint"), properties.get("s3.region", "us-east-1"), path_style)

    def duckdb(self) -> list[str]:
        """Return the statements that let a DuckDB connection with httpfs read S3; they hold the credentials.

        The secret lives in the connection's memory and is never written. Raises ConfigError when the chain has none.
        """
        found = _botocore().get_credentials()
        if found is None:
            raise ConfigError(f"S3: no credentials: {_CHAIN}")
        keys = found.get_frozen_credentials()
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
        """Raise ConfigError, without any secret, when the place `uri` cannot be listed now."""
        bucket, key = split(uri)
        try:
            client = self.boto(min(FIRST_ATTEMPTS, ATTEMPTS))
            persistently(lambda: client.list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1))
        except (ClientError, BotoCoreError) as error:
            raise ConfigError(f"{uri}: {cause(error)} at {self.endpoint or 'AWS'}: {lever(error)}") from None


def split(uri: str) -> tuple[str, str]:
    """Return bucket and key of an ``s3://`` uri; the key may be empty."""
    bucket, _, key = uri.removeprefix(SCHEME).partition("/")
    return bucket, key


def head(client: Any, uri: str) -> S3Object | None:
    """Return the object at `uri`; None where there is none. Raises botocore's errors."""
    bucket, key = split(uri)
    if not key:
        return None
    try:
        found = persistently(lambda: client.head_object(Bucket=bucket, Key=key))
    except ClientError as error:
        if _status(error) == 404:
            return None
        raise
    return S3Object(uri, found["ContentLength"], found["ETag"].strip('"'))


def below(client: Any, uri: str) -> Iterator[S3Object]:
    """Yield the objects below the folder `uri`, by key; the empty ones that mark folders are left out."""
    for page in _pages(client, uri):
        for one in page.get("Contents", ()):
            if not one["Key"].endswith("/"):
                yield S3Object(f"{SCHEME}{split(uri)[0]}/{one['Key']}", one["Size"], one["ETag"].strip('"'))


def remove(client: Any, uri: str) -> None:
    """Remove all below the folder `uri`; nothing where there is nothing.

    pyarrow's own way leaves an empty object in the place of the folder above, for ever. Raises botocore's errors.
    """
    bucket, _ = split(uri)
    for page in _pages(client, uri):
        names = [{"Key": one["Key"]} for one in page.get("Contents", ())]
        if names:
            order = {"Objects": names, "Quiet": True}
            answer = persistently(partial(client.delete_objects, Bucket=bucket, Delete=order))
            for refused in answer.get("Errors", ()):
                raise ClientError({"Error": {"Code": str(refused.get("Code"))}}, "DeleteObjects")


def read(client: Any, uri: str) -> bytes:
    """Return the object at `uri`, whole and as it was stored. Raises botocore's errors.

    boto3 checks the checksum that is stored with an object, where there is one. Where there is none the ETag is what
    it is checked by: the MD5 of an object that came in one piece, and of an upload of one part the MD5 of that. An
    ETag that is neither (several parts, a key of KMS) checks nothing.
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

    return persistently(attempt)


def write(client: Any, uri: str, content: bytes | BinaryIO) -> None:
    """Make `content` the object at `uri`, in one request, with the checksum that `read` checks.

    S3 takes 5 GB in one request; a data file has little over 128 MB. An answer that was lost is asked for again: the
    same content under the same name. Raises botocore's errors.
    """
    bucket, key = split(uri)

    def attempt() -> None:
        if not isinstance(content, bytes):
            content.seek(0)
        client.put_object(Bucket=bucket, Key=key, Body=content)

    persistently(attempt)


def persistently(request: Callable[[], _T]) -> _T:
    """Return what `request` does, asked again, ATTEMPTS times in all, where boto3 itself does not ask again.

    That is: an answer whose body broke, a body that did not arrive as it was sent, and HTTP 429.
    """
    for attempt in range(1, ATTEMPTS):
        try:
            return request()
        except (BrokenBody, ClientError) as error:
            if isinstance(error, ClientError) and not (_status(error) == 429 or _code(error) in _BAD_DIGEST):
                raise
            time.sleep(random.uniform(0, min(20.0, 0.05 * 2**attempt)))
    return request()


def cause(error: Exception) -> str:
    """Return what went wrong in a word or two of S3's own, never its message, which may name an access key."""
    if isinstance(error, BrokenBody):
        return "the body of the answer broke, or is not what was stored"
    if isinstance(error, FileNotFoundError):
        return "FileNotFoundError"
    if isinstance(error, OSError) and error.errno is not None and "AWS Error" not in str(error):
        return f"{errno.errorcode.get(error.errno, error.errno)} ({os.strerror(error.errno)})"
    if isinstance(error, ClientError):
        return f"{error.response['Error'].get('Code', 'error')} (HTTP {_status(error)})"
    inner = error.__cause__ or error.__context__ or getattr(error, "backend_error", None)
    if isinstance(inner, ClientError):
        return cause(inner)
    known = re.search(r"AWS Error ([A-Z_]+)(?: \((HTTP) status (\d+)\))?", str(error))
    return " ".join(part for part in known.groups() if part) if known else type(error).__name__


def is_missing(error: Exception) -> bool:
    """Return whether `error` says that there is no such object (a bucket that is not there is another matter)."""
    return isinstance(error, ClientError) and _status(error) == 404 and _code(error) != "NoSuchBucket"


def lever(error: Exception) -> str:
    """Return what to look at."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full: make room, or name another place"
    if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return "make it writable, or name another place"
    if isinstance(error, FileNotFoundError) or is_missing(error):
        return "it is gone since it was listed; run again"
    if "ACCESS_DENIED" in cause(error):
        return f"the credentials are not let in: {_CHAIN}"
    code = _code(error) if isinstance(error, ClientError) else ""
    if code == "NoSuchBucket":
        return "there is no such bucket; make it, or name another; see warehouse.s3.endpoint and region"
    if isinstance(error, ClientError) and _status(error) in (301, 400, 307):
        return "see warehouse.s3.region and warehouse.s3.path_style"
    if isinstance(error, ClientError) and _status(error) in (401, 403):
        return f"the credentials are not let in: {_CHAIN}"
    if type(error).__name__ == "NoCredentialsError":
        return _CHAIN
    return "see warehouse.s3.endpoint, region and path_style"


def quoted(value: str) -> str:
    """Return `value` as it stands between the quotes of a SQL string."""
    return value.replace("'", "''")


_CHAIN = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine a role"


_BAD_DIGEST = ("BadDigest", "XAmzContentChecksumMismatch", "XAmzContentSHA256Mismatch")
"""What a store says to a body that is not the one whose checksum came with it."""


def _pages(client: Any, uri: str) -> Iterator[Mapping[str, Any]]:
    """Yield the answers of listing the folder `uri`, in which objects come by key."""
    bucket, key = split(uri)
    order = {"Bucket": bucket, "Prefix": f"{key}/" if key else ""}
    while True:
        page = persistently(lambda: client.list_objects_v2(**order))
        yield page
        if not page.get("IsTruncated"):
            return
        order["ContinuationToken"] = page["NextContinuationToken"]


def _is_of_etag(body: bytes, etag: str) -> bool:
    """Return whether `body` can be what `etag` is of."""
    md5 = hashlib.md5(body, usedforsecurity=False)
    if re.fullmatch(r"[0-9a-f]{32}", etag):
        return md5.hexdigest() == etag
    if re.fullmatch(r"[0-9a-f]{32}-1", etag):
        return hashlib.md5(md5.digest(), usedforsecurity=False).hexdigest() == etag[:-2]
    return True


def _code(error: ClientError) -> str:
    return str(error.response["Error"].get("Code"))


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _botocore() -> Any:
    return botocore.session.Session()
