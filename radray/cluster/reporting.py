"""Switches off what libraries report home: Ray its usage, huggingface_hub and transformers theirs."""

import os

NO_REPORTS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
}
"""What each library reads, some when they are imported; cluster.yaml, the RayJobs and submissions have them too.

Ray sends settings and hardware of the cluster every hour, the hub which models and libraries are used."""


def report_nothing() -> None:
    """Put NO_REPORTS over what the environment of this process has, for it and the processes that it starts."""
    os.environ.update(NO_REPORTS)
