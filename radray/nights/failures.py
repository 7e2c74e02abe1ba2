"""What ended a job, in radray's own words."""

from collections.abc import Iterator

from radray.errors import RadrayError
from radray.storage.failures import refusal


def known_error(error: BaseException) -> RadrayError | None:
    """Return `error` in radray's words: its own error, or what storage refused; None for an unexpected error."""
    return own_error(error) or storage_error(error)


def own_error(error: BaseException) -> RadrayError | None:
    """Return radray's own error among the causes of `error`, which Ray wraps; None if there is none."""
    return next((cause for cause in _causes(error) if isinstance(cause, RadrayError)), None)


def storage_error(error: BaseException) -> RadrayError | None:
    """Return what a disk or S3 refused, among the causes of `error`, in radray's words; None for other errors."""
    return next((own for cause in _causes(error) if (own := refusal(cause)) is not None), None)


def _causes(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        yield current
        seen.add(id(current))
        current = getattr(current, "cause", None) or current.__cause__ or current.__context__
