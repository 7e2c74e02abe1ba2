"""What every section of the settings is."""

from typing import Annotated

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
