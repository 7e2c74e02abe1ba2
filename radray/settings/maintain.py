"""Settings of maintenance: what is kept, for how long, and who is erased."""

from typing import Annotated

from pydantic import Field, model_validator

from radray.settings.section import Place, Section


class MaintainSettings(Section):
    """What `maintain` keeps, and whom it erases."""

    snapshots_older_than_days: Annotated[float, Field(ge=0.0, le=3650.0)] = 7.0
    """Days after which a snapshot that another replaced is expired: how far back a query can look."""
    orphans_older_than_days: Annotated[float, Field(ge=0.0, le=3650.0)] = 3.0
    """Days since the last write after which staging, and files of no kept snapshot, are removed."""
    longest_run_hours: Annotated[float, Field(gt=0.0, le=720.0)] = 24.0
    """Longest run, in hours: one that started earlier and says it is running is dead."""
    glue_role_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", max_length=2048)] | None = (
        None
    )
    """Role with which AWS Glue's table optimizers read and write the warehouse; None: none, which
    warehouse.catalog=glue does not allow."""
    erase_subject_id: Annotated[Place | None, Field(exclude=True)] = None
    """Patient whose rows are erased everywhere, with source.dataset where several datasets know the id; None: nobody.

    Given by a file or the environment. Never in what `dump_settings` gives: that is kept in `runs` and beside models,
    for ever."""

    @model_validator(mode="after")
    def _a_run_keeps_what_it_needs(self) -> "MaintainSettings":
        for name in ("snapshots_older_than_days", "orphans_older_than_days"):
            if getattr(self, name) * 24 < self.longest_run_hours:
                raise ValueError(f"maintain.{name} must not be less than maintain.longest_run_hours")
        return self
