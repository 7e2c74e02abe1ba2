"""Settings: every name, unit, bound and default that a job knows, and how files and overrides become them.

Importing this module is free: no client, no torch, no ray.
"""

import datetime
import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import yaml
from pydantic import BeforeValidator, Field, ValidationError, field_validator, model_validator

from radray.config_names import refuse_unknown
from radray.config_node import CorpusSettings, NodeSettings
from radray.errors import ConfigError
from radray.settings.cluster import ClusterSettings
from radray.settings.gates import GatesSettings
from radray.settings.loading import lay_over, read_override, read_yaml
from radray.settings.notify import NotifySettings
from radray.settings.publish import PublishSettings
from radray.settings.section import Place, Section
from radray.settings.source import SourceSettings
from radray.settings.train import TrainSettings

PositiveInt = Annotated[int, Field(ge=1)]
SplitName = Literal["train", "validation", "test", "live"]

CORPUS_DATE = datetime.date(1970, 1, 1)
"""The batch date of a corpus that has no nights."""


class S3Settings(Section):
    """How every S3 client here reaches S3: tables, staging and the source alike.

    Credentials are never settings: the usual chain gives them (environment, profile, role of the machine).
    Encryption is the bucket's default: pyarrow, which writes the data files, cannot ask for a key.
    """

    endpoint: Annotated[str, Field(pattern=r"^https?://[^/@?#]+/?$")] | None = None
    """URL of another S3 than Amazon's (MinIO, Ceph, ...); None: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL, else AWS."""
    region: Place | None = None
    """Region of the bucket; None: AWS_REGION, AWS_DEFAULT_REGION, the profile's, us-east-1."""
    path_style: bool = False
    """Bucket in the path (``host/bucket/key``) and not in the host name: most servers other than AWS need it."""

    @model_validator(mode="after")
    def _the_bucket_can_be_addressed(self) -> "S3Settings":
        host = "" if self.endpoint is None else urlsplit(self.endpoint).hostname or ""
        if not self.path_style and (":" in host or host.replace(".", "").isdigit()):
            raise ValueError("an endpoint that is an IP address needs warehouse.s3.path_style=true")
        return self


class WarehouseSettings(Section):
    """Where the tables live."""

    uri: Place = "out/warehouse"
    """Folder or ``s3://`` prefix of data, metadata and staging."""
    s3: S3Settings = S3Settings()
    """The S3 that ``s3://`` of `uri` and of `source.uri` means."""
    catalog: Literal["sqlite", "glue"] = "sqlite"
    catalog_uri: Place | None = None
    """SQLite file of the catalog; None: ``catalog.db`` in the (local) warehouse."""

    @model_validator(mode="after")
    def _catalog_outlives_the_head_node(self) -> "WarehouseSettings":
        if self.catalog == "sqlite" and self.catalog_uri is None and "://" in self.uri:
            raise ValueError(
                "a SQLite catalog with a remote warehouse needs warehouse.catalog_uri (a file that outlives the"
                " head node), or use warehouse.catalog=glue"
            )
        if self.catalog_uri is not None and "://" in self.catalog_uri:
            raise ValueError("warehouse.catalog_uri is the path of a local SQLite file")
        return self


class SplitSettings(Section):
    """Which split a report belongs to, and which one a job works on."""

    name: SplitName | None = None
    """The split that generate and evaluate work on; None: every split there is."""
    file: Place | None = None
    """CSV with study_id and split: decides the split of each report; one that it does not name is in no split."""
    default: Literal["train", "test", "live"] | None = None
    """Split of all reports where there is no split file; None: train for a corpus, live for a dated night."""
    validation_fraction: Annotated[float, Field(ge=0.0, le=0.5)] = 0.05
    """Share of the split keys of `train` that is held out as `validation`."""
    seed: Annotated[int, Field(ge=0)] = 13


class TinySettings(Section):
    """Size of the small T5 that ``model.init=tiny`` builds from the training text."""

    vocab_size: Annotated[int, Field(ge=300, le=32_000)] = 2_000
    d_model: Annotated[int, Field(ge=16, le=1024, multiple_of=8)] = 128
    d_ff: Annotated[int, Field(ge=16, le=4096)] = 256
    num_layers: Annotated[int, Field(ge=1, le=24)] = 2
    num_heads: Annotated[int, Field(ge=1, le=16)] = 4


class ModelSettings(Section):
    """Models to start from, to make and to use."""

    init: Place = "google/flan-t5-xl"
    """What fine-tuning starts from: a hub id, a folder, an ``s3://`` prefix, or `tiny`."""
    tiny: TinySettings = TinySettings()
    out: Place = "out/model"
    """Folder that fine-tuning writes, or ``s3://`` prefix that it is uploaded to, the manifest last."""
    uri: Annotated[tuple[Place, ...], Field(max_length=16)] = ()
    """Model folders, ``s3://`` prefixes or hub ids that generate uses, one or several."""
    prompt: str = "background-findings-v1"
    """Id of the prompt, see radray/tasks/impression/prompts.py."""

    @field_validator("uri", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        if isinstance(value, str) and "," in value and not value.startswith("["):
            raise ValueError("several models are written as a list: 'model.uri=[a, b]'")
        return (value,) if isinstance(value, str) else () if value is None else value


class GenerateSettings(Section):
    """Beam search and the actors that run it."""

    engine: Literal["auto", "transformers", "ctranslate2"] = "auto"
    """auto: ctranslate2 where it writes what transformers, the reference, does, for this model on this device."""
    compute_type: Literal["float32", "bfloat16", "int8"] = "float32"
    num_beams: Annotated[int, Field(ge=1, le=64)] = 4
    num_return_sequences: Annotated[int, Field(ge=1, le=64)] = 2
    max_new_tokens: Annotated[int, Field(ge=1, le=1024)] = 128
    length_penalty: Annotated[float, Field(ge=-10.0, le=10.0)] = 1.0
    early_stopping: Annotated[Literal[True], BeforeValidator(lambda value: value in (True, "true"))] = True
    max_input_tokens: Annotated[int, Field(ge=8, le=4096)] = 512
    batch_size: Annotated[int, Field(ge=1, le=1024)] = 32
    """Reports a model call, at most."""
    batch_tokens: PositiveInt = 16_384
    """Input tokens a model call, padding included; a longer report is a call of its own."""
    repeats_kept: Annotated[int, Field(ge=0)] = 10_000
    """Answers an actor keeps for reports that say the same; 0: such reports are generated again, too."""
    suppress_masks: bool = True
    """Never write a mask of de-identification (``___``, ``XXXX``)."""
    block_rows: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Reports a Ray Data block: the unit of staging, and what a crash may repeat."""
    actors: Annotated[int, Field(ge=1, le=4096)] | Literal["auto"] = "auto"
    """auto: one a GPU, or as many as the cluster's CPUs hold, less what reading and writing need."""
    threads_per_actor: Annotated[int, Field(ge=1, le=256)] = 2
    """CPUs that an actor computes with and holds; several actors of few are faster than one of many."""
    use_gpu: bool = False
    call_timeout_s: Annotated[float, Field(gt=0.0, le=86_400.0)] = 3_600.0
    """Longest that a model call may take; less as soon as the speed is known: 60 s and ten times what its tokens take.

    A report that takes longer alone is failed with reason timeout."""
    load_timeout_s: Annotated[float, Field(gt=0.0, le=86_400.0)] = 3_600.0
    """Longest that an engine may take until it answers: checking the model's files, converting and loading them."""

    @model_validator(mode="after")
    def _hypotheses_fit_the_beam(self) -> "GenerateSettings":
        if self.num_return_sequences > self.num_beams:
            raise ValueError("generate.num_return_sequences must not exceed generate.num_beams")
        return self


class ScoreSettings(Section):
    """ROUGE, and which reports a person should write: those whose prediction is below one of the thresholds.

    A prediction without the figure (a failed one; margin: where the beam gave no second) is below any threshold.
    """

    stemmer: bool = True
    defer_below_logprob: Annotated[float, Field(le=0.0, allow_inf_nan=False)] | None = None
    """Least log-probability per token, 1/token; None: off. `jobs.evaluate` shows what a threshold buys."""
    defer_below_margin: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] | None = None
    """Least score of the prediction less that of the second candidate; None: off."""


class EvaluateSettings(Section):
    """Models side by side."""

    published: Place | None = None
    """JSON file of published results to print beside ours."""
    models: tuple[Place, ...] = ()
    """Names, or first characters of digests, of the models to compare, what runs now first; (): all, by name."""
    pretrained: Place | None = None
    """Name, or first characters of the digest, of the model before fine-tuning: the gain is over this one."""
    normal_weight: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    """Weight of the normal references in the standardised mean; the abnormal ones have the rest.

    A fixed weight, so that two nights or sets of another case mix can be told apart: at 0.5 neither kind rules."""
    resamples: Annotated[int, Field(ge=200, le=100_000)] = 2_000
    """Resamples of each 95 % interval, and draws of each test."""
    seed: Annotated[int, Field(ge=0)] = 13
    csv: Place | None = None
    """Folder for evaluations.csv and comparisons.csv; None: none are written."""
    page: Place | None = None
    """HTML file that tells the evaluation in words, charts, tables and cases, and stands alone; None: none."""
    page_text: bool = False
    """Whether the page holds the texts of its cases; else their ids, and the `jobs.query` lines that show them."""
    page_note: Annotated[str, Field(max_length=1_000)] | None = None
    """What a reader of the page has to know of the data before all else; None: nothing."""
    review: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Reports of a blinded sheet that readers fill in, one sheet a model; None: no sheet is drawn."""
    review_out: Place = "out/review"
    """Folder of the sheets and their keys."""
    review_filled: tuple[Place, ...] = ()
    """Filled sheets of one review, one a reader, beside its key: what they say is printed, and nothing else done."""

    @field_validator("models", "review_filled", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else () if value is None else value


class MaintainSettings(Section):
    """What `maintain` keeps, and whom it erases."""

    snapshots_older_than_days: Annotated[float, Field(ge=0.0, le=3650.0)] = 7.0
    """Snapshots whose place another took longer ago are expired: how far back a query can look."""
    orphans_older_than_days: Annotated[float, Field(ge=0.0, le=3650.0)] = 3.0
    """Files of no kept snapshot, and staging, that were last written longer ago are removed."""
    longest_run_hours: Annotated[float, Field(gt=0.0, le=720.0)] = 24.0
    """No run takes longer: one that started longer ago and says it is running is dead."""
    glue_role_arn: Annotated[str, Field(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$", max_length=2048)] | None = (
        None
    )
    """Role by which AWS Glue's table optimizers read and write the warehouse; needed with warehouse.catalog=glue."""
    erase_subject_id: Annotated[Place | None, Field(exclude=True)] = None
    """Patient whose rows are erased instead, everywhere; with source.dataset where several datasets know the id.

    Never in what `dump_settings` gives: that is kept in `runs` and beside models, for ever."""

    @model_validator(mode="after")
    def _a_run_keeps_what_it_needs(self) -> "MaintainSettings":
        for name in ("snapshots_older_than_days", "orphans_older_than_days"):
            if getattr(self, name) * 24 < self.longest_run_hours:
                raise ValueError(f"maintain.{name} must not be less than maintain.longest_run_hours")
        return self


class DemoSettings(Section):
    """The synthetic corpus of `jobs.demo`."""

    studies: Annotated[int, Field(ge=50, le=1_000_000)] = 4_000
    held_out: Annotated[int, Field(ge=20)] = 300
    """Studies of the corpus that are its test split."""
    seed: Annotated[int, Field(ge=0)] = 2026
    out: Place = "out/demo"


class Settings(Section):
    """All settings of all jobs; each job uses the sections that it needs."""

    warehouse: WarehouseSettings = WarehouseSettings()
    source: SourceSettings = SourceSettings()
    split: SplitSettings = SplitSettings()
    date: datetime.date = CORPUS_DATE
    """The night's logical date; a corpus without nights keeps the default."""
    until: datetime.date | None = None
    """Last night of those that `prepare` and `generate` work on, one after the other from `date`; None: that one."""
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
    params: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], str] = Field(default_factory=dict)
    """Values that `query` binds to ``:name`` (or ``$name``) in its SQL, never pasted into it: ``params.name=value``."""
    out: Literal["table", "csv", "json", "parquet"] = "table"
    """How `query` answers."""
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

    @field_validator("date", "until", mode="before")
    @classmethod
    def _iso_date_only(cls, value: object) -> object:
        if value is None or (isinstance(value, datetime.date) and not isinstance(value, datetime.datetime)):
            return value
        if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
            return value
        raise ValueError("expected a date as YYYY-MM-DD")


_SHORTHAND = {"split": "name"}
"""Sections that may be given as one value: ``split=test`` is ``split.name=test``."""


def load_settings(files: Sequence[str] = (), overrides: Sequence[str] = ()) -> Settings:
    """Return the settings of YAML `files`, later ones over earlier, and of ``key=value`` `overrides` over all.

    No file and no override gives the defaults. Raises ConfigError, naming the file or key: a file that cannot be
    read, a key that does not exist (with the nearest that does), a value out of bounds.
    """
    merged: dict[str, Any] = {}
    for file in files:
        lay_over(merged, read_yaml(file), _SHORTHAND)
    for override in overrides:
        lay_over(merged, read_override(override), _SHORTHAND)
    refuse_unknown(merged, Settings)
    try:
        return Settings.model_validate(merged)
    except ValidationError as error:
        problems = [
            f"{'.'.join(str(part) for part in item['loc']) or 'settings'}: {item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_input=False, include_url=False, include_context=False)
        ]
        raise ConfigError("; ".join(problems)) from None


def dump_settings(settings: Settings) -> str:
    """Return `settings` as YAML that `load_settings` reads back to the same value, but for whom to erase."""
    return yaml.safe_dump(settings.model_dump(mode="json"), sort_keys=False)
