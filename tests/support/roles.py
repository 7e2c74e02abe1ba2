"""The roles of the policies in jobs/configs/iam and publishing/iam, with the places of a made-up hospital."""

from collections.abc import Mapping
from pathlib import Path

from tests.support.paths import ROOT
from tests.support.policies import Statement, statements_of

NODES = ROOT / "jobs" / "configs" / "iam"
JOBS = ROOT / "radray" / "analytics" / "publishing" / "iam"

FILES: Mapping[str, tuple[Path, ...]] = {
    "head": (NODES / "head.json", JOBS / "job.json"),
    "worker": (NODES / "worker.json",),
    "publish": (JOBS / "publish.json", JOBS / "dashboards.json"),
    "analyst": (JOBS / "analyst.json",),
    "schedule": (NODES / "schedule.json",),
}
"""The policies of each role. Who submits a job asks nothing of AWS, and has none."""

ACCOUNT = "111122223333"
VALUES = {
    **{"account": ACCOUNT, "region": "eu-central-1", "workgroup": "radray", "quicksight_prefix": "radray"},
    **{"image": "ami-1", "subnet_a": "subnet-1", "subnet_b": "subnet-2", "security_group": "sg-1"},
    "optimizer_role_arn": f"arn:aws:iam::{ACCOUNT}:role/optimizer",
    **{"bucket": "hospital", "prefix": "radray", "results_bucket": "answers", "results_prefix": "athena"},
    **{"source_bucket": "hospital", "source_prefix": "incoming"},
    **{"model_bucket": "hospital", "model_prefix": "models"},
    **{"checkpoint_bucket": "hospital", "checkpoint_prefix": "checkpoints"},
}


def statements(role: str, **values: str) -> list[Statement]:
    """Return the statements of `role`, at the places of VALUES or of `values`."""
    return statements_of(*FILES[role], **(VALUES | values))
