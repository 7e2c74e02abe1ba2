"""What every section of the settings is."""

import datetime
import ipaddress
import types
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel, ConfigDict, Field

Place = Annotated[str, Field(min_length=1)]
"""A file, folder or uri; never empty, which would mean the current folder."""


def is_loopback(host: str) -> bool:
    """Return whether `host`, a name or an address without a port, is this machine's own; False for ''.

    Of names only ``localhost``, which no resolver is asked for (RFC 6761); of addresses only those written in full:
    ``127.1`` and ``0x7f000001`` are read by some libraries and not by others.
    """
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback


class Section(BaseModel):
    """A section: unknown keys refused, values fixed, and never in an error's text.

    The docstring under a field is its description, which `--help` and the reference print: its first sentence stands
    alone, with the unit, and with what None means.
    """

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
        use_attribute_docstrings=True,
    )


def section_of(annotation: Any) -> type[BaseModel] | None:
    """Return the section that a field of type `annotation` holds; None for a setting."""
    if get_origin(annotation) in (Union, types.UnionType):
        return next((section for part in get_args(annotation) if (section := section_of(part))), None)
    return annotation if isinstance(annotation, type) and issubclass(annotation, BaseModel) else None


PositiveInt = Annotated[int, Field(ge=1)]


SplitName = Literal["train", "validation", "test", "live"]


CORPUS_DATE = datetime.date(1970, 1, 1)
"""The batch date of a corpus that has no nights."""
