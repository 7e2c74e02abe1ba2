"""What ended a job, in radray's own words."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from radray.console import print_line
from radray.errors import RadrayError
from radray.storage.failures import refusal


@contextmanager
def worst_at_end(console: Console) -> Iterator[list[RadrayError]]:
    """Yield a list for the block to fill with what refused parts of its work, and raise the worst of them at its end.

    That is the one with the lowest exit code, 1 before 3 before 4, and its message has those of all; an empty list
    raises nothing. An error that ends the block is one of them; one that is unexpected passes on, the others printed.
    """
    refused: list[RadrayError] = []
    try:
        yield refused
    except Exception as error:
        own = known_error(error)
        if own is None or not refused:
            for each in refused:
                print_line(console, f"error: {each}")
            raise
        refused.append(own)
    if refused:
        worst = min(refused, key=lambda error: error.exit_code)
        raise type(worst)("; ".join(map(str, refused))) from None


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
