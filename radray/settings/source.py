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

    `report` is a whole report, which is cut into sections; the others each hold one section or value.
    """

    study_id: Place | None = None
    """Field of the id of the study; None: study_id."""
    subject_id: Place | None = None
    """Field of the id of the patient; None: subject_id."""
    findings: Place | None = None
    """Field of the findings; None: findings."""
    impression: Place | None = None
    """Field of the impression; None: impression."""
    report: Place | None = None
    """Field of a whole report, whose sections are recognised by their headings; None: report."""
    background: Place | None = None
    """Field of indication, comparison, technique and the like; None: background."""
    indication: Place | None = None
    """Field of the indication or history; None: indication."""
    comparison: Place | None = None
    """Field of the comparison; None: comparison."""
    exam_description: Place | None = None
    """Field of the name of the exam; None: exam_description."""
    modality: Place | None = None
    """Field of the DICOM modality code (CR, CT, MR, ...); None: modality."""
    body_part: Place | None = None
    """Field of the body part examined; None: body_part."""
    exam_time: Place | None = None
    """Field of the time of the exam, ISO 8601, in UTC where it names no zone; None: exam_time."""
    report_time: Place | None = None
    """Field of the time of the report, ISO 8601, in UTC where it names no zone; None: report_time."""
    report_status: Place | None = None
    """Field of the status of the report, in the words of FHIR or HL7 v2; None: report_status."""
    human_codes: Place | None = None
    """Field of the codes of the findings that people assigned, joined by semicolons; None: human_codes."""


class SourceSettings(Section):
    """The raw reports that `prepare` reads."""

    format: SourceFormat | None = None
    """Format in which the reports come; auto: recognised by the names and first bytes of the files; None: not set,
    which `prepare` refuses."""
    uri: Place | None = None
    """File, folder or ``s3://`` prefix of the reports; None: not set, which `prepare` refuses, and `generate` uses what
    was prepared.

    ``{date}`` in it is the night's date, ``{date:%Y/%m/%d}`` the same in another form: a night without files is an
    empty one then."""
    since: Literal["last_run"] | None = None
    """Which files of a flat folder are this night's; last_run: those that no night of the dataset has taken; None: all
    that is at `source.uri`.

    A file that was written anew counts as another. What a night took stands in `reports`."""
    dataset: Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")] | None = None
    """Hospital or corpus that the reports belong to; None: each that there is, but `prepare` needs one."""
    fields: SourceFields = SourceFields()
    max_rejected_fraction: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    """Largest share of rejected units with which a run is committed; what is not a report does not count.

    A file of which nine units in ten are rejected without any text is junk: it counts as one rejected unit, and the
    share of junk files among the files, if there are more than three, may not be larger either. Cancellations do not
    count: see `source.max_withdrawn_fraction`.

    Of Open-i's studies 27 % have no findings; of MIMIC-CXR's reports a third have no heading FINDINGS."""
    max_withdrawn_fraction: Annotated[float, Field(ge=0.0, le=1.0)] = 0.1
    """Largest share of a night's reports that cancellations may take away; up to ten withdrawn reports always may be.

    A cancellation counts for reports of the same study, subject and sender that come before it."""
    deidentified: bool = False
    """Whether the source is declared de-identified: `prepare` then refuses a night in which too many reports may hold
    identifiers.

    Rules look for them in any source, and `runs` has the counts; that they see none proves nothing."""
    max_identified_fraction: Annotated[float, Field(ge=0.0, le=1.0)] = 0.01
    """Largest share of units that may hold identifiers, dates of exams apart, with which a run over a de-identified
    source is committed.

    On 300 real reports of the chest the rules see none (`tests/benchmarks/identifiers.py`); reports of other exams were
    not measured."""
    pairs: Place | None = None
    """JSON lines file to which `prepare` also writes prompt and completion of each ok report with a reference; None: no
    file."""


class SplitSettings(Section):
    """Which split a report belongs to, and which one a job works on."""

    name: SplitName | None = None
    """Split that `generate` and `evaluate` work on; None: every split there is."""
    file: Place | None = None
    """CSV file with study_id and split, which decides the split of each report (one that it does not name is in none);
    None: no file."""
    default: Literal["train", "test", "live"] | None = None
    """Split of all reports where there is no split file; None: train for a corpus, live for a dated night."""
    validation_fraction: Annotated[float, Field(ge=0.0, le=0.5)] = 0.05
    """Share of the split keys of `train` that is held out as `validation`."""
    seed: Annotated[int, Field(ge=0)] = 13
    """Seed that decides which split keys are held out, and which validation reports are sampled."""
