"""Submissions to a Ray job server: their ids, that a night is submitted once at a time, and how they end."""

from __future__ import annotations

import asyncio
import os
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from radray.cluster.encryption import refuse_clear_requests
from radray.cluster.reporting import NO_REPORTS
from radray.errors import ConfigError, ConflictError, RadrayError
from radray.settings.cluster import ClusterSettings
from radray.settings.root import Settings
from radray.settings.section import CORPUS_DATE

if TYPE_CHECKING:
    from ray.job_submission import JobDetails, JobSubmissionClient

Report = Callable[[str], None]
"""Prints a line for whoever waits."""

TUNNEL = "http://127.0.0.1:8265"
ADDRESS_NAMES = ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS")

LOST_AFTER = 30
"""Looks in a row, LOOK_S apart, at which a job server did not answer: a tunnel may come back within a minute."""
LOOK_S = 2.0

STOPPED = 130

PRINCIPAL = "radray_principal"
"""Name, in the metadata of a submitted job, of who submitted it: the audit log names them, see tables/audit.py."""


def submission_id(job: str, settings: Settings) -> str:
    """Return the id of the first submission of `job`, from its night, dataset and models."""
    nights = settings.model_dump(include={"date", "until"}).values()
    date = "corpus" if settings.date == CORPUS_DATE else "-to-".join(str(night) for night in nights if night)
    models = {"generate": settings.model.uri, "finetune": (settings.model.out,)}.get(job, ())
    parts = [job, date, settings.source.dataset or "all", *(uri.rstrip("/").rpartition("/")[2] for uri in models)]
    return re.sub(r"[^A-Za-z0-9._-]+", "-", "-".join(parts))


def next_id(first: str, statuses: dict[str, str]) -> str:
    """Return the id of the next submission of a night whose first was `first`: the same, then ``-try2``, ``-try3``.

    `statuses`: Ray's status by submission id. A night whose submissions have all ended may be submitted again: the job
    itself leaves alone what is there, and goes on from what is staged. Raises ConflictError while one has not ended.
    """
    tries = {name: re.fullmatch(re.escape(first) + r"(?:-try(\d+))?", name) for name in statuses}
    numbers = {name: int(match[1] or 1) for name, match in tries.items() if match}
    for name in numbers:
        if statuses[name] in ("PENDING", "RUNNING"):
            raise ConflictError(
                f"{name} is {statuses[name].lower()}: nothing was submitted; follow it with `ray job logs {name}"
                f" --follow`, end it with `ray job stop {name}`"
            )
    last = max(numbers.values(), default=0)
    return first if last == 0 else f"{first}-try{last + 1}"


def submit(first: str, command: str, folder: Path, settings: ClusterSettings, *, principal: str, report: Report) -> int:
    """Submit `command`, shipping `folder`, under the next id after `first`, and return an exit code.

    It is the job's own; 0 at once where `cluster.wait` is off, 130 for Ctrl-C, after which the job goes on. `principal`
    is who the job's audit log names, whatever user it runs as. Raises ConfigError where no job server answers, or the
    way to it is not encrypted, ConflictError while a submission of the same night has not ended, RadrayError where the
    server does not take it, or is lost.
    """
    from ray.job_submission import JobSubmissionClient

    address = next((os.environ[name] for name in ADDRESS_NAMES if os.environ.get(name)), TUNNEL)
    refuse_clear_requests(address, settings)
    client = _connected(lambda: JobSubmissionClient(address), address)
    statuses = {job.submission_id: job.status.value for job in client.list_jobs() if job.submission_id}
    name = next_id(first, statuses)
    try:
        environment = {"working_dir": str(folder), "env_vars": NO_REPORTS}
        client.submit_job(
            entrypoint=command, submission_id=name, runtime_env=environment, metadata={PRINCIPAL: principal}
        )
    except RuntimeError as error:
        if "already exists" in str(error):
            raise ConflictError(f"{name} was submitted by another at the same time: nothing was submitted") from None
        raise RadrayError(f"{address} did not take {name}: {str(error).strip().splitlines()[-1]}") from None
    report(f"{name}: {command}")
    if not settings.wait:
        report(f"not waited for: `ray job status {name}`, `ray job logs {name} --follow`")
        return 0
    try:
        return exit_code(asyncio.run(_followed(client, name)), report)
    except KeyboardInterrupt:
        report(f"{name} goes on without you; end it with `ray job stop {name}`")
        return STOPPED


def exit_code(ended: JobDetails, report: Report) -> int:
    """Return the exit code of a job that has ended: its own; 130 for one that was stopped, 1 for one without any.

    A job that a signal ended has that signal's, 128 more, as in a shell. `ray job submit` itself ends with 1 for any
    failure, and with 0 for a job that was stopped.
    """
    status, code = ended.status.value, ended.driver_exit_code
    report(f"{ended.submission_id} {status.lower()}" + ("" if code is None else f", exit code {code}"))
    if status == "STOPPED":
        return STOPPED
    if status == "SUCCEEDED":
        return 0
    if code is None:  # it did not come to run: what Ray says holds no report
        report(str(ended.message))
        return 1
    return 128 - code if code < 0 else code


async def _followed(client: JobSubmissionClient, name: str) -> JobDetails:
    """Print the job's log as it grows, over connections that break, and return how the job ended."""
    from aiohttp import ClientError

    printed, lost = 0, 0
    while True:
        seen = 0
        try:
            async for text in client.tail_job_logs(name):
                sys.stdout.write(text[max(0, printed - seen) :])
                sys.stdout.flush()
                seen += len(text)
                printed = max(printed, seen)
            ended = client.get_job_info(name)
            if ended.status.is_terminal():
                return ended
            lost = 0
        except (OSError, RuntimeError, ClientError) as error:
            lost += 1
            if lost == LOST_AFTER:
                raise RadrayError(
                    f"the job server did not answer for a minute ({type(error).__name__}); {name} may go on:"
                    f" `ray job status {name}`"
                ) from None
        time.sleep(LOOK_S)


def _connected(connect: Callable[[], JobSubmissionClient], address: str) -> JobSubmissionClient:
    from ray.exceptions import AuthenticationError

    try:
        return connect()
    except AuthenticationError:
        raise ConfigError(
            f"{address} asks for the cluster's token: set RAY_AUTH_MODE=token, the token in ~/.ray/auth_token (or"
            " RAY_AUTH_TOKEN_PATH)"
        ) from None
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise ConfigError(
            f"no job server answers at {address} ({type(error).__name__}): `ray dashboard cluster.yaml` makes a tunnel"
            " to it; RAY_API_SERVER_ADDRESS names another"
        ) from None
