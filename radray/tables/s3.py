"""One way to S3 for every client there is: pyarrow, boto3 (and smart_open by it), pyiceberg, DuckDB.

Retries and timeouts are the same for all and are set here on purpose: a night runs for hours, so a store that is out
for half a minute must not cost it, and one that has stopped answering must not hold it for ever.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import boto3
import botocore.session
import pyarrow.fs as pafs
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from radray.config import S3
from radray.errors import ConfigError

SCHEME = "s3://"

ATTEMPTS = 8
"""Tries of one request. Backing off, pyarrow spends 30 to 60 s on 8 and 0.6 s on its default 3 (measured on a server
that answers 503 and 500 alone); with 5 % of requests failing at random, 2,000 requests all pass but once in 10^7."""
FIRST_ATTEMPTS = 3
"""Tries of the one request that asks, before anything else, whether the bucket is there: a person may be waiting."""
CONNECT_TIMEOUT_S = 10
STALL_TIMEOUT_S = 30
"""A connection on which nothing comes for so long is given up and the request tried again."""


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
    def resolve(cls, settings: S3) -> "S3Access":
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

    def boto(self, attempts: int = ATTEMPTS) -> Any:
        """Return a boto3 client, safe to share between threads, not to be sent to another process."""
        config = Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            connect_timeout=CONNECT_TIMEOUT_S,
            read_timeout=STALL_TIMEOUT_S,
            s3={"addressing_style": "path" if self.path_style else "virtual"},
        )
        return boto3.session.Session().client("s3", endpoint_url=self.endpoint, region_name=self.region, config=config)

    def pyiceberg(self) -> dict[str, str]:
        """Return the catalog properties that pyiceberg makes its own pyarrow file system from."""
        properties = {
            "s3.region": self.region,
            "s3.force-virtual-addressing": str(not self.path_style).lower(),
            "s3.connect-timeout": str(CONNECT_TIMEOUT_S),
            "s3.request-timeout": str(STALL_TIMEOUT_S),
            "s3.retry-strategy-impl": f"{Retries.__module__}.{Retries.__name__}",
        }
        return properties if self.endpoint is None else {**properties, "s3.endpoint": self.endpoint}

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
            self.boto(FIRST_ATTEMPTS).list_objects_v2(Bucket=bucket, Prefix=key, MaxKeys=1)
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
        found = client.head_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if _status(error) == 404:
            return None
        raise
    return S3Object(uri, found["ContentLength"], found["ETag"].strip('"'))


def below(client: Any, uri: str) -> Iterator[S3Object]:
    """Yield the objects below the folder `uri`, by key; the empty ones that mark folders are left out."""
    bucket, key = split(uri)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{key}/" if key else "")
    for page in pages:
        for one in page.get("Contents", ()):
            if not one["Key"].endswith("/"):
                yield S3Object(f"{SCHEME}{bucket}/{one['Key']}", one["Size"], one["ETag"].strip('"'))


def remove(client: Any, uri: str) -> None:
    """Remove all below the folder `uri`; nothing where there is nothing.

    pyarrow's own way leaves an empty object in the place of the folder above, for ever. Raises botocore's errors.
    """
    bucket, key = split(uri)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{key}/")
    for page in pages:
        names = [{"Key": one["Key"]} for one in page.get("Contents", ())]
        if names:
            answer = client.delete_objects(Bucket=bucket, Delete={"Objects": names, "Quiet": True})
            for refused in answer.get("Errors", ()):
                raise ClientError({"Error": {"Code": str(refused.get("Code"))}}, "DeleteObjects")


def cause(error: Exception) -> str:
    """Return what went wrong in a word or two of S3's own, never its message, which may name an access key."""
    if isinstance(error, ClientError):
        return f"{error.response['Error'].get('Code', 'error')} (HTTP {_status(error)})"
    inner = error.__cause__ or error.__context__ or getattr(error, "backend_error", None)
    if isinstance(inner, ClientError):
        return cause(inner)
    known = re.search(r"AWS Error ([A-Z_]+)(?: \((HTTP) status (\d+)\))?", str(error))
    return " ".join(part for part in known.groups() if part) if known else type(error).__name__


def outage(error: Exception) -> bool:
    """Return whether pyarrow's `error` says that S3 did not give an object, and not that there is none or a bad one."""
    return not isinstance(error, FileNotFoundError) and "AWS Error" in str(error)


def lever(error: Exception) -> str:
    """Return what to look at."""
    code = str(error.response["Error"].get("Code")) if isinstance(error, ClientError) else ""
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


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def _botocore() -> Any:
    return botocore.session.Session()
