"""Files of any size from disk to S3 and back: in parts, several at once, each retried, never held in memory.

`s3.write` puts what is in memory in one request, of which S3 takes 5 GB; the weights of FLAN-T5 XL are 11 GB.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError, FlexibleChecksumError

from radray.storage import s3
from radray.storage.failures import BrokenBody, code_of

_PART_BYTES = 64 << 20
CONFIG = TransferConfig(multipart_threshold=_PART_BYTES, multipart_chunksize=_PART_BYTES, max_concurrency=8)
"""An object larger than a part goes in several, eight at once."""


def upload(client: Any, file: Path, uri: str) -> None:
    """Upload the local `file` to `uri`. Raises botocore's errors."""
    bucket, key = s3.split(uri)
    _persistently(lambda: client.upload_file(str(file), bucket, key, Config=CONFIG))


def download(client: Any, uri: str, file: Path) -> None:
    """Download the object at `uri` to the local `file`, unverified. Raises botocore's errors, OSError."""
    bucket, key = s3.split(uri)
    with s3.missing_or_denied(client, uri):
        _persistently(lambda: client.download_file(bucket, key, str(file), Config=CONFIG))


def _persistently(request: Callable[[], object]) -> None:
    """Do `request`; repeat it whole where a part broke too often, or where a lost answer hid that it was done."""

    def attempt() -> None:
        try:
            request()
        except (Boto3Error, ClientError) as error:
            inner = error if isinstance(error, ClientError) else error.__cause__ or error.__context__
            if not isinstance(inner, (ClientError, BotoCoreError)) or _is_over(inner):
                raise BrokenBody() from None
            raise inner from None
        except FlexibleChecksumError:
            raise BrokenBody() from None

    s3.persistently(attempt)


def _is_over(error: Exception) -> bool:
    """Return whether the upload no longer exists: its parts were assembled, and the answer was lost."""
    return isinstance(error, ClientError) and code_of(error) == "NoSuchUpload"
