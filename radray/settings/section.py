"""What every section of the settings is."""

import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Place = Annotated[str, Field(min_length=1)]
"""A file, folder or uri; never empty, which would mean the current folder."""


class Section(BaseModel):
    """A section: unknown keys refused, values fixed, and never in an error's text."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        hide_input_in_errors=True,
        coerce_numbers_to_str=True,
        allow_inf_nan=False,
    )


PositiveInt = Annotated[int, Field(ge=1)]


SplitName = Literal["train", "validation", "test", "live"]


CORPUS_DATE = datetime.date(1970, 1, 1)
"""The batch date of a corpus that has no nights."""
