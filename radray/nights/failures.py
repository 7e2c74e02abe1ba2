"""What ended a job, in radray's own words."""

import errno
from collections.abc import Iterator

from radray.errors import RadrayError

DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM, errno.EIO)


def known_error(error: BaseException) -> RadrayError | None:
    """Return `error` in radray's words: its own error, or what storage refused; None for what nobody expected."""
    return own_error(error) or storage_error(error)


def own_error(error: BaseException) -> RadrayError | None:
    """Return radray's own error among the causes of `error`, which Ray wraps; None if there is none."""
    return next((one for one in _causes(error) if isinstance(one, RadrayError)), None)


def storage_error(error: BaseException) -> RadrayError | None:
    """Return what a disk or S3 refused, among the causes of `error`, in radray's words; None if it is not that."""
    for one in _causes(error):
        if isinstance(one, OSError) and (one.errno in DISK_ERRORS or "AWS Error" in str(one)):
            # here and not above: a mistake in the settings should not wait half a second for S3's client
            from radray.storage.s3 import cause, lever

            where = f"{one.filename}: " if isinstance(one.filename, str) else ""
            return RadrayError(f"{where}storage failed: {cause(one)}: {lever(one)}; run again")
    return None


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        yield current
        seen.add(id(current))
        current = getattr(current, "cause", None) or current.__cause__ or current.__context__
