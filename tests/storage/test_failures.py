"""What a disk or S3 refuses becomes one error, whose message is the place, the cause and the remedy alone."""

import errno
import os

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from radray.errors import ConfigError, InputError, RadrayError
from radray.storage.failures import BrokenBody, MissingFile, refusal, translated

SECRET = "AKIASECRET"


def of_s3(code: str, status: int) -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": SECRET}, "ResponseMetadata": {"HTTPStatusCode": status}},
        "GetObject",
    )


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (OSError(errno.ENOSPC, SECRET), f"ENOSPC ({os.strerror(errno.ENOSPC)}): the disk is full: make room"),
        (OSError(errno.EACCES, SECRET), f"EACCES ({os.strerror(errno.EACCES)}): make it writable"),
        (OSError(f"AWS Error ACCESS_DENIED during {SECRET}"), "ACCESS_DENIED: the credentials are refused"),
        (of_s3("SlowDown", 503), "SlowDown (HTTP 503): see warehouse.s3.endpoint"),
        (of_s3("NoSuchBucket", 404), "NoSuchBucket (HTTP 404): there is no such bucket"),
        (of_s3("AccessDenied", 403), "AccessDenied (HTTP 403): the credentials are refused"),
        (of_s3("PermanentRedirect", 301), "PermanentRedirect (HTTP 301): see warehouse.s3.region"),
        (BrokenBody(), "the body of the answer broke, or is not what was stored: see warehouse.s3"),
        (NoCredentialsError(), "NoCredentialsError: set AWS_ACCESS_KEY_ID"),
    ],
)
def test_the_message_is_place_cause_and_lever(error: Exception, says: str) -> None:
    with pytest.raises(RadrayError) as caught, translated("s3://a/b", "cannot be read"):
        raise error
    assert type(caught.value) is RadrayError
    assert str(caught.value).startswith(f"s3://a/b: cannot be read: {says}")
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("error", [FileNotFoundError(2, SECRET), of_s3("NoSuchKey", 404)])
def test_a_missing_file_is_an_error_of_its_own_where_the_kind_covers_it(error: Exception) -> None:
    for kind, raised in ((RadrayError, MissingFile), (InputError, MissingFile), (ConfigError, ConfigError)):
        with pytest.raises(kind, match=r"^a: gone: ") as caught, translated("a", "gone", kind):
            raise error
        assert type(caught.value) is raised


def test_own_errors_pass_but_a_missing_file_and_advice_is_the_lever() -> None:
    with pytest.raises(RadrayError, match=r"^inner$"), translated("a", "b"):
        raise RadrayError("inner")
    with pytest.raises(MissingFile, match=r"^table: gone: FileNotFoundError: is it whole\?$") as caught:  # noqa: SIM117
        with translated("table", "gone", InputError, "is it whole?"), translated("inner", "gone"):
            raise FileNotFoundError(2, SECRET)
    assert caught.value.__suppress_context__
    with (
        pytest.raises(InputError, match=r"^a: b: EIO \(.+\): look there$"),
        translated("a", "b", InputError, "look there"),
    ):
        raise OSError(errno.EIO, SECRET)


def test_a_refusal_is_of_a_disk_or_s3_alone() -> None:
    own = refusal(OSError(errno.ENOSPC, SECRET, "/data/x"))
    assert str(own).startswith("/data: storage failed: ENOSPC")
    assert refusal(OSError(errno.ECONNRESET, SECRET)) is None
    assert refusal(ValueError(SECRET)) is None
