"""The audit log: who queried, published, erased, and which runs were committed, each an entry in the table `audit`.

An entry holds names, digests and counts, and nothing of a patient: no text, no literal of a statement, no path. It is
appended, and nothing in radray changes or removes one; `maintain` expires older snapshots, whose rows the newest has.
"""

import json
import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from radray.cluster.submission import PRINCIPAL
from radray.schema.audit import AUDIT
from radray.tables.catalog import Warehouse
from radray.tables.commit import append_rows
from radray.tables.identity import new_run_id, utc_now
from radray.tables.rows import to_arrow
from radray.tables.runs import code_version

_RAY_JOB = "RAY_JOB_CONFIG_JSON_ENV_VAR"
"""Variable in which Ray's job server gives a job its metadata, the submission id among them (ray 2.60)."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who runs a job."""

    principal: str
    os_user: str
    submission_id: str | None = None


def who(principal: str | None = None) -> Who:
    """Return who runs this process: `principal` where it is set, else who submitted the job, else the system's user."""
    metadata = _job_metadata()
    user = os_user()
    return Who(principal or metadata.get(PRINCIPAL) or user, user, metadata.get("job_submission_id"))


def os_user() -> str:
    """Return the name of the operating system's user, or ``uid N`` where it has none; no variable says otherwise."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


@dataclass(slots=True)
class Entry:
    """An action, as it is known so far."""

    action: str
    who: Who
    statement_digest: str | None = None
    tables: Sequence[str] = ()
    to_file: bool | None = None
    row_count: int | None = None
    outcome_ids: list[str] = field(default_factory=list)
    audit_id: str = field(default_factory=lambda: new_run_id("audit"))

    def add_rows(self, count: int) -> None:
        """Add `count` to the rows that the action returned."""
        self.row_count = (self.row_count or 0) + count

    def write_begun(self, warehouse: Warehouse) -> None:
        """Append that the action begins. Raises RadrayError, also as `append_rows`, when it cannot be appended."""
        self._append(warehouse, "began", None)

    def write_ended(self, warehouse: Warehouse, exit_code: int) -> None:
        """Append how the action ended. Raises RadrayError, also as `append_rows`, when it cannot be appended."""
        self._append(warehouse, "ended", exit_code)

    def _append(self, warehouse: Warehouse, phase: str, exit_code: int | None) -> None:
        row = {
            "audit_id": self.audit_id,
            "phase": phase,
            "time": utc_now(),
            "action": self.action,
            "principal": self.who.principal,
            "os_user": self.who.os_user,
            "submission_id": self.who.submission_id,
            "statement_digest": self.statement_digest,
            "tables": ",".join(self.tables) or None,
            "row_count": self.row_count,
            "to_file": self.to_file,
            "exit_code": exit_code,
            "outcome_ids": ",".join(self.outcome_ids) or None,
            "code_version": code_version(),
        }
        append_rows(warehouse, AUDIT, to_arrow([row], AUDIT))


def _job_metadata() -> dict[str, Any]:
    try:
        metadata = json.loads(os.environ.get(_RAY_JOB, "{}"))["metadata"]
    except (ValueError, KeyError, TypeError):
        return {}
    return metadata if isinstance(metadata, dict) else {}
