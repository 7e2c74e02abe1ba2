"""What a disk or S3 refused, in radray's words: the cause, what to look at, and one sentence made of both.

A message of S3's own may name an access key and one of pyarrow's may hold a value, so neither is ever repeated.
"""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError

from radray.errors import InputError, RadrayError

CREDENTIALS = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or give the machine a role"

_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)


class MissingFile(InputError, FileNotFoundError):
    """There is no file at the uri."""


class BrokenBody(BotoCoreError):
    """The body of an answer stopped half-way, or is not what was stored."""

    fmt = "broken body"


@contextmanager
def translated(
    place: str, problem: str, kind: type[RadrayError] = RadrayError, advice: str | None = None
) -> Iterator[None]:
    """Turn what a disk or S3 refuses in the block into one error: "place: problem: cause: advice".

    `advice` None: `lever` of the error. A MissingFile of a block within becomes one of this place. Raises `kind`; and
    MissingFile, where `kind` covers that, for a file that does not exist.
    """
    try:
        yield
    except (OSError, ClientError, BotoCoreError) as error:
        missing = isinstance(error, FileNotFoundError) or is_missing(error)
        kind = MissingFile if missing and issubclass(MissingFile, kind) else kind
        raise kind(f"{place}: {problem}: {cause(error)}: {advice or lever(error)}") from None


def refusal(error: BaseException) -> RadrayError | None:
    """Return `error` in radray's words where a disk or S3 raised it; None for any other error."""
    if isinstance(error, OSError) and (error.errno in _DISK_ERRORS or "AWS Error" in str(error)):
        # the folder alone: the file may be one of the source, whose name may be a patient's
        where = f"{os.path.dirname(error.filename) or '.'}: " if isinstance(error.filename, str) else ""
        return RadrayError(f"{where}storage failed: {cause(error)}: {lever(error)}; run again")
    return None


def cause(error: Exception) -> str:
    """Return what went wrong in a word or two of S3's or the system's own, never the error's message."""
    if isinstance(error, BrokenBody):
        return "the body of the answer broke, or is not what was stored"
    if isinstance(error, FileNotFoundError):
        return "FileNotFoundError"
    if isinstance(error, OSError) and error.errno is not None and "AWS Error" not in str(error):
        return f"{errno.errorcode.get(error.errno, error.errno)} ({os.strerror(error.errno)})"
    if isinstance(error, ClientError):
        return f"{error.response['Error'].get('Code', 'error')} (HTTP {status_of(error)})"
    inner = error.__cause__ or error.__context__ or getattr(error, "backend_error", None)
    if isinstance(inner, ClientError):
        return cause(inner)
    known = re.search(r"AWS Error ([A-Z_]+)(?: \((HTTP) status (\d+)\))?", str(error))
    return " ".join(part for part in known.groups() if part) if known else type(error).__name__


def lever(error: Exception) -> str:
    """Return what to look at, or which setting to change."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return "the disk is full: make room, or name another place"
    if isinstance(error, OSError) and error.errno in (errno.EROFS, errno.EACCES, errno.EPERM):
        return "make it writable, or name another place"
    if isinstance(error, FileNotFoundError) or is_missing(error):
        return "it is gone since it was listed; run again"
    if "ACCESS_DENIED" in cause(error):
        return f"the credentials are refused: {CREDENTIALS}"
    code = code_of(error) if isinstance(error, ClientError) else ""
    if code == "NoSuchBucket":
        return "there is no such bucket; create it, or name another; see warehouse.s3.endpoint and region"
    if isinstance(error, ClientError) and status_of(error) in (301, 400, 307):
        return "see warehouse.s3.region and warehouse.s3.path_style"
    if isinstance(error, ClientError) and status_of(error) in (401, 403):
        return f"the credentials are refused: {CREDENTIALS}"
    if type(error).__name__ == "NoCredentialsError":
        return CREDENTIALS
    return "see warehouse.s3.endpoint, region and path_style"


def is_missing(error: Exception) -> bool:
    """Return whether `error` says that there is no such object; a missing bucket is another matter."""
    return isinstance(error, ClientError) and status_of(error) == 404 and code_of(error) != "NoSuchBucket"


def code_of(error: ClientError) -> str:
    """Return S3's word for the error, such as ``NoSuchKey``."""
    return str(error.response["Error"].get("Code"))


def status_of(error: ClientError) -> int:
    """Return the HTTP status of the answer, 0 where there was none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
