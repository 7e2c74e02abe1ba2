"""Files of any size from disk to S3 and back: in parts, several at once, each asked for again, never held in memory.

`Storage.write` puts what is in memory in one request, of which S3 takes 5 GB; the weights of FLAN-T5 XL are 11 GB.
"""

from collections.abc import Callable
from pathlib import Path

from boto3.exceptions import Boto3Error
from boto3.s3.transfer import TransferConfig
from botocore.exceptions import BotoCoreError, ClientError

from radray.tables import s3
from radray.tables.storage import Storage, told

PART_BYTES = 64 << 20
_CONFIG = TransferConfig(multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, max_concurrency=8)


def upload(storage: Storage, file: Path, uri: str) -> None:
    """Make the local `file` the object at `uri` (``s3://``). Raises RadrayError."""
    bucket, key = s3.split(uri)
    client = storage.access.boto()
    with told(uri, "cannot be written"):
        _persistently(lambda: client.upload_file(str(file), bucket, key, Config=_CONFIG))


def download(storage: Storage, uri: str, file: Path) -> None:
    """Make the object at `uri` (``s3://``) the local `file`, whose folder is there. Raises MissingFile, RadrayError.

    What comes is not held against what was stored: the caller knows its sha256.
    """
    bucket, key = s3.split(uri)
    client = storage.access.boto()
    with told(uri, "cannot be read"):
        _persistently(lambda: client.download_file(bucket, key, str(file), Config=_CONFIG))


def remove_file(storage: Storage, uri: str) -> None:
    """Remove the object at `uri` (``s3://``); nothing where there is none. Raises RadrayError."""
    bucket, key = s3.split(uri)
    client = storage.access.boto()
    with told(uri, "cannot be removed"):
        s3.persistently(lambda: client.delete_object(Bucket=bucket, Key=key))


def _persistently(request: Callable[[], object]) -> None:
    """Do `request`, as a whole again where a part was refused as broken or a lost answer hid that it was done."""

    def attempt() -> None:
        try:
            request()
        except Boto3Error as error:
            inner = error.__cause__ or error.__context__
            raise (inner if isinstance(inner, (ClientError, BotoCoreError)) else s3.BrokenBody()) from None
        except ClientError as error:
            # the upload was put together, and the answer that said so was lost
            if error.response["Error"].get("Code") != "NoSuchUpload":
                raise
            raise s3.BrokenBody() from None

    s3.persistently(attempt)
