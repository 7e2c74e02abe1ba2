"""The table `reports`: one row for each study as parsed, or input unit that could not be used."""

import pyarrow as pa

from radray.schema.column import LONG, SECTIONS, STRING, STRINGS, TIME, Column, TableSchema, required

REPORTS = TableSchema(
    name="reports",
    doc="One study as parsed, or one input unit that could not be used.",
    key=("unit_id",),
    partition=("batch_date", "dataset"),
    one_ok="study_id",
    withdrawn_by=("subject_id", "sender"),
    order=("report_time", "source_uri", "source_member", "source_offset"),
    columns=(
        required("unit_id", STRING, "Digest of dataset, path below source.uri, member and offset"),
        required("batch_date", pa.date32(), "Logical date of the night; 1970-01-01 for a corpus"),
        required("dataset", STRING, "Where the report belongs: a hospital or a corpus"),
        required("format", STRING, "Format it came in, as in source.format"),
        required("status", STRING, "ok, rejected or superseded"),
        Column("reason", STRING, "Reason code when status is not ok"),
        Column("split", STRING, "train, test or live, as the corpus has it; null unless ok"),
        Column("split_key", STRING, "Reports with one key never stand in two splits; null unless ok"),
        required("source_uri", STRING, "File that the unit came from, below source.uri"),
        required("source_member", STRING, "Member of an archive or file of a folder; empty for a lone file"),
        required("source_offset", LONG, "Ordinal of the record within the member, from 0"),
        required("source_digest", STRING, "sha256 of the unit's content as it came"),
        Column("study_id", STRING, "Study id as the source has it"),
        Column("subject_id", STRING, "Patient id as the source has it; null where it has none"),
        Column("text_digest", STRING, "sha256 of background, findings and reference_raw: what the report says"),
        Column("background", STRING, "Indication, comparison, technique and the like, cleaned"),
        Column("indication", STRING, "Cleaned indication or history"),
        Column("comparison", STRING, "Cleaned comparison"),
        Column("findings", STRING, "Cleaned findings"),
        Column("reference", STRING, "Cleaned impression of the radiologist"),
        Column("reference_raw", STRING, "Impression as it came"),
        Column("exam_description", STRING, "Exam, as the source names it"),
        Column("human_codes", STRING, "Human codes of the findings where the source has them, joined by ;"),
        Column("exam_time", TIME, "Time of the exam, UTC"),
        Column("report_time", TIME, "Time of the report, UTC"),
        required("run_key", STRING, "Digest of what decided the rows of this partition"),
        required("run_id", STRING, "Run that wrote the row"),
        Column(
            "sections", SECTIONS, "All sections as they came, in order; null where the source's texts have no headings"
        ),
        Column("impression_items", STRINGS, "Items of the impression, each cleaned, in order; null without one"),
        Column("comparison_state", STRING, "none, present or unknown (blank, or not said)"),
        Column("modality", STRING, "DICOM modality code of the exam (CR, CT, MR, ...) where it can be told"),
        Column("body_part", STRING, "Body part examined, lower case, where it can be told"),
        Column("report_status", STRING, "preliminary, final, corrected or cancelled, where the source says it"),
        Column("source_etag", STRING, "ETag of the file on S3, sha256 of it on disk; null in rows from before this"),
        Column(
            "sender",
            STRING,
            "Digest of who sent it (HL7 MSH-3 and MSH-4, FHIR's meta.source or the id's system); null where unknown",
        ),
        Column(
            "identifiers",
            STRING,
            "Kinds of what may be an identifier in the texts, by rule and never a proof, joined by ;; empty: none seen;"
            " null in rows from before this",
        ),
    ),
)
