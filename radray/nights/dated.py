"""Sources that say by themselves which files are a night's: a ``{date}`` in the path, or a flat folder that is fed."""

import datetime
import re
from pathlib import Path

from radray.errors import ConfigError, InputError
from radray.settings.root import Settings
from radray.settings.section import CORPUS_DATE
from radray.storage.files import absolute_uri

_DATE = re.compile(r"\{date(?::(?P<form>[^{}]+))?\}")


def is_nightly(settings: Settings) -> bool:
    """Return whether the source says by itself which files are a night's: a night without files is an empty one then.

    Raises ConfigError when it does and no date is given, and when it does so in two ways.
    """
    source = settings.source
    dated = source.uri is not None and _DATE.search(source.uri) is not None
    if dated and source.since is not None:
        raise ConfigError("source.since is for a flat folder, and source.uri has a {date}; use one of them")
    if (dated or source.since is not None) and settings.date == CORPUS_DATE:
        raise ConfigError("date is not set: source.uri with a {date}, and source.since, need the night's YYYY-MM-DD")
    return dated or source.since is not None


def dated_uri(uri: str, date: datetime.date) -> str:
    """Return `uri` with `date` in the place of each ``{date}`` (ISO) and ``{date:FORM}`` (strftime)."""
    return _DATE.sub(lambda match: date.strftime(match["form"] or "%Y-%m-%d"), uri)


def night_uri(uri: str, date: datetime.date) -> str:
    """Return the absolute uri of the night's files: `uri` with `date`.

    Raises InputError where a folder below `fixed_folder` is a link: who fills the source folder could lead the night
    anywhere by it. What is named without a date may be one: it is the operator's.
    """
    dated = dated_uri(uri, date)
    if "://" not in uri and dated != uri:
        above, below = Path(fixed_folder(uri)).expanduser(), Path(dated).expanduser()
        dated_part = [folder for folder in (below, *below.parents) if folder.is_relative_to(above) and folder != above]
        if any(folder.is_symlink() for folder in dated_part):
            raise InputError(
                f"source.uri={uri}: the folder of {date} is a link, or lies behind one: links below the part of"
                " source.uri that has no {date} are not followed; name the place that it leads to"
            )
    return absolute_uri(dated)


def fixed_folder(uri: str) -> str:
    """Return the folder above the first ``{date}`` of `uri`, which is there whatever the night; `uri` without one."""
    match = _DATE.search(uri)
    return uri if match is None else uri[: match.start()].rpartition("/")[0] or ("/" if uri.startswith("/") else ".")
