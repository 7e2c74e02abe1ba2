"""Settings of the source: where raw reports lie and in which form."""

from typing import Annotated, Literal

from pydantic import Field

from radray.settings.section import Place, Section, SplitName

SourceFormat = Literal[
    "auto",
    "mimic_zip",
    "mimic_tar",
    "mimic_folder",
    "mimic_sectioned_csv",
    "mediqa_json",
    "openi_xml",
    "openi_csv",
    "jsonl",
    "parquet",
    "hl7",
    "fhir",
    "text",
]


class SourceFields(Section):
    """Names of the fields of a jsonl or parquet source; None: the same name as here.

    `report` is a whole report whose sections are told apart; the others hold what they say.
    """

    study_id: Place | None = None
    subject_id: Place | None = None
    findings: Place | None = None
    impression: Place | None = None
    report: Place | None = None
    background: Place | None = None
    indication: Place | None = None
    comparison: Place | None = None
    exam_description: Place | None = None
    modality: Place | None = None
    body_part: Place | None = None
    exam_time: Place | None = None
    report_time: Place | None = None
    report_status: Place | None = None
    human_codes: Place | None = None


class SourceSettings(Section):
    """The raw reports that `prepare` reads."""

    format: SourceFormat | None = None
    """How the reports come; auto: told by the names and first bytes of the files."""
    uri: Place | None = None
    """File, folder or ``s3://`` prefix. ``{date}`` in it is the night's date, ``{date:%Y/%m/%d}`` the same in another
    form: a night without files is an empty one then."""
    since: Literal["last_run"] | None = None
    """last_run: `uri` is a flat folder, and a night takes the files that no night of the dataset has taken; what was
    written anew is another file. What a night took stands in `reports`. None: a night takes all that is at `uri`."""
    dataset: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] | None = None
    """Where the reports belong: a hospital or a corpus."""
    fields: SourceFields = SourceFields()
    max_rejected_fraction: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    """A run that rejects more than this share of its units is refused and commits nothing. Of the public Open-i
    studies 27 % have no findings; of MIMIC-CXR's reports a third have no heading FINDINGS."""
    pairs: Place | None = None
    """JSON lines file that `prepare` writes besides: prompt and completion of each ok report with a reference."""


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
