"""The table `audit`: who did what with the warehouse, appended to and never changed. It holds nothing of a patient."""

from radray.schema.column import BOOL, LONG, STRING, TIME, Column, TableSchema, required

AUDIT = TableSchema(
    name="audit",
    doc="One beginning or end of an action on the warehouse.",
    key=("audit_id", "phase"),
    columns=(
        required("audit_id", STRING, "Id of the action; its beginning and its end have the same"),
        required("phase", STRING, "began or ended; a query and an erasure have both, the other actions the end alone"),
        required("time", TIME, "When, UTC"),
        required(
            "action",
            STRING,
            "query, erase, maintain, publish, unpublish, prepare, finetune, generate or evaluate",
        ),
        required(
            "principal",
            STRING,
            "Who: the setting principal, else who submitted the job, else the operating system's user",
        ),
        required("os_user", STRING, "User of the operating system that the job ran as"),
        Column("submission_id", STRING, "Submission id of the Ray job; null for a job that was not submitted"),
        Column("statement_digest", STRING, "sha256 of a query's words without its literals and comments"),
        Column("tables", STRING, "Tables and views that a query names, or that were published, joined by a comma"),
        Column("row_count", LONG, "Rows that a query returned, or that an erasure removed; null at the beginning"),
        Column("to_file", BOOL, "Whether the rows of a query went into a file"),
        Column("exit_code", LONG, "Exit code of the job; null at the beginning"),
        Column(
            "outcome_ids",
            STRING,
            "What the action committed, joined by a comma: ids of runs and of an erasure, digests of calibrations",
        ),
        required("code_version", STRING, "Version of radray"),
    ),
)
