"""A range of nights, one after the other: a night that is refused stops no other."""

from collections.abc import Callable

from rich.console import Console

from radray.console import print_line
from radray.errors import ConfigError, RadrayError
from radray.nights.failures import known_error
from radray.nights.final_line import FinalLine
from radray.settings.root import Settings


def each_night(settings: Settings, console: Console, line: FinalLine, work: Callable[[Settings], None]) -> None:
    """Do `work` with the settings of each night of `settings`, in order; a night that is refused stops no other.

    Raises the worst of their errors at the end: that with the lowest exit code, 1 before 3 before 4. A wrong setting
    (ConfigError) and an unexpected error end it at once, and so does any error when there is one night.
    """
    refused: list[RadrayError] = []
    for night in settings.nights:
        line.nights.append(night)
        try:
            work(settings.model_copy(update={"date": night, "until": None}))
        except Exception as error:
            line.refused.append(night)
            own = known_error(error)
            if own is None or isinstance(own, ConfigError) or settings.until is None:
                raise
            print_line(console, f"error: {night}: {own}")
            refused.append(own)
    if refused:
        worst = min(refused, key=lambda error: error.exit_code)
        nights = ", ".join(map(str, line.refused))
        raise type(worst)(f"{len(refused):,} of {len(settings.nights):,} nights were refused ({nights}): {worst}")
