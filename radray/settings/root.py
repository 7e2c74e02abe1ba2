"""Settings: every name, unit, bound and default that a job knows, and how files and overrides become them.

Importing this module is free: no client, no torch, no ray.
"""

import datetime
import re
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from radray.settings.cluster import ClusterSettings
from radray.settings.evaluate import EvaluateSettings
from radray.settings.gates import GatesSettings
from radray.settings.generate import GenerateSettings, ScoreSettings
from radray.settings.maintain import MaintainSettings
from radray.settings.model import ModelSettings
from radray.settings.notify import NotifySettings
from radray.settings.publish import PublishSettings
from radray.settings.section import CORPUS_DATE, Place, Section
from radray.settings.source import SourceSettings, SplitSettings
from radray.settings.train import CorpusSettings, NodeSettings, TrainSettings
from radray.settings.warehouse import WarehouseSettings


class DemoSettings(Section):
    """The synthetic corpus of `jobs.demo`."""

    studies: Annotated[int, Field(ge=50, le=1_000_000)] = 4_000
    """Studies of the synthetic corpus."""
    held_out: Annotated[int, Field(ge=20)] = 300
    """Studies of the corpus that are its test split."""
    seed: Annotated[int, Field(ge=0)] = 2026
    """Seed of the corpus."""
    out: Place = "out/demo"
    """Folder of everything that the demo writes."""


class Settings(Section):
    """All settings of all jobs; each job uses the sections that it needs."""

    warehouse: WarehouseSettings = WarehouseSettings()
    source: SourceSettings = SourceSettings()
    split: SplitSettings = SplitSettings()
    date: datetime.date = CORPUS_DATE
    """Logical date of the night, YYYY-MM-DD; a corpus without nights keeps 1970-01-01."""
    until: datetime.date | None = None
    """Last night of those that `prepare` and `generate` work on, one after the other from `date`; None: that one
    alone."""
    tasks: Annotated[tuple[str, ...], Field(max_length=16)] = ()
    """Tasks that `prepare` makes examples of, `generate` answers and `evaluate` scores, one or a list; []: impressions
    alone.

    They are impression, labels, devices, sections, questions, correction and change; see radray/tasks/README.md."""
    model: ModelSettings = ModelSettings()
    train: TrainSettings = TrainSettings()
    node: NodeSettings = NodeSettings()
    corpus: CorpusSettings = CorpusSettings()
    generate: GenerateSettings = GenerateSettings()
    score: ScoreSettings = ScoreSettings()
    gates: GatesSettings = GatesSettings()
    evaluate: EvaluateSettings = EvaluateSettings()
    maintain: MaintainSettings = MaintainSettings()
    publish: PublishSettings = PublishSettings()
    cluster: ClusterSettings = ClusterSettings()
    notify: NotifySettings = NotifySettings()
    demo: DemoSettings = DemoSettings()
    principal: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]{1,200}$")] | None = None
    """Who runs the job, as the table `audit` names them; None: who submitted it, else the operating system's user."""
    params: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], str] = Field(default_factory=dict)
    """Values that `query` binds to ``:name`` (or ``$name``) in its SQL, never pasted into it: ``params.name=value``.

    One that nobody may read off a command line, such as a patient's id, is ``file:PATH`` or ``env:NAME``."""
    out: Literal["table", "csv", "json", "parquet"] = "table"
    """Form in which `query` answers: a table to read, or CSV, JSON or Parquet."""
    out_file: Place | None = None
    """File that `query` writes; None: standard output (a table is always printed, Parquet always a file)."""

    @property
    def nights(self) -> list[datetime.date]:
        """The nights from `date` to `until`, in order."""
        days = 0 if self.until is None else (self.until - self.date).days
        return [self.date + datetime.timedelta(days=day) for day in range(days + 1)]

    @model_validator(mode="after")
    def _nights_are_in_order(self) -> "Settings":
        if self.until is not None and not CORPUS_DATE < self.date <= self.until:
            raise ValueError("until is the last night of a range that begins with date=YYYY-MM-DD; it is before that")
        return self

    @field_validator("tasks", mode="before")
    @classmethod
    def _single_as_tuple(cls, value: object) -> object:
        return (
            tuple(filter(None, map(str.strip, value.split(","))))
            if isinstance(value, str)
            else ()
            if value is None
            else value
        )

    @field_validator("date", "until", mode="before")
    @classmethod
    def _iso_date_only(cls, value: object) -> object:
        if value is None or (isinstance(value, datetime.date) and not isinstance(value, datetime.datetime)):
            return value
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return value
        raise ValueError("expected a date as YYYY-MM-DD")
