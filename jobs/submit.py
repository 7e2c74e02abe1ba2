"""Submit a job to a running cluster, once a night and model, follow it to its end, and end with its exit code.

    python -m jobs.submit generate --config jobs/configs/cluster/nightly.yaml date=2026-11-21

What follows the job's name is that job's own command line; `cluster.wait=false` returns as soon as it is submitted. The
cluster is the one of RAY_API_SERVER_ADDRESS or RAY_ADDRESS, else http://127.0.0.1:8265, where `ray dashboard
cluster.yaml` puts it. The job runs in what .rayignore ships of this checkout, in a folder that Ray removes afterwards:
relative paths of results are refused. Its submission id is printed: `ray job status`, `logs` and `stop` take it.
"""

import asyncio
import os
import re
import shlex
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from jobs import cli
from radray.errors import ConfigError, ConflictError, RadrayError
from radray.nights.console import print_line, stderr_console
from radray.settings.root import Settings
from radray.settings.section import CORPUS_DATE
from radray.storage.files import is_s3

if TYPE_CHECKING:
    from ray.job_submission import JobDetails, JobSubmissionClient

ROOT = Path(__file__).parents[1]
"""The checkout: what a job runs in on the cluster, less what .rayignore leaves at home."""

TUNNEL = "http://127.0.0.1:8265"
ADDRESS_NAMES = ("RAY_API_SERVER_ADDRESS", "RAY_ADDRESS")

JOBS = ("evaluate", "finetune", "generate", "maintain", "prepare")

PLACES = {
    "evaluate": ("evaluate.csv", "evaluate.page", "evaluate.published"),
    "finetune": ("model.out", "train.checkpoint_uri"),
    "generate": ("source.uri", "source.pairs", "split.file"),
    "maintain": (),
    "prepare": ("source.uri", "source.pairs", "split.file"),
}
"""The settings of each job, beside the warehouse's, that name what must outlive the folder that it runs in."""

LOST_AFTER = 30
"""Looks in a row, LOOK_S apart, at which a job server did not answer: a tunnel may come back within a minute."""
LOOK_S = 2.0

STOPPED = 130


def submission_id(job: str, settings: Settings) -> str:
    """Return the id of the first submission of `job`, made from its night, dataset and models."""
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
    numbers = {name: int(found[1] or 1) for name, found in tries.items() if found}
    for name in numbers:
        if statuses[name] in ("PENDING", "RUNNING"):
            raise ConflictError(
                f"{name} is {statuses[name].lower()}: nothing was submitted; follow it with `ray job logs {name}"
                f" --follow`, end it with `ray job stop {name}`"
            )
    last = max(numbers.values(), default=0)
    return first if last == 0 else f"{first}-try{last + 1}"


def entrypoint(job: str, arguments: Sequence[str]) -> str:
    """Return the command that the cluster runs: the job with `arguments`, its --config files as they are shipped.

    Raises ConfigError for a file that is not shipped.
    """
    words, expects_file = [], False
    for word in arguments:
        if expects_file:
            words.append(_shipped(word))
        elif word.startswith("--config="):
            words.append(f"--config={_shipped(word.removeprefix('--config='))}")
        elif not word.startswith("cluster.wait="):
            words.append(word)
        expects_file = word == "--config"
    return shlex.join(["python", "-m", f"jobs.{job}", *words])


def refuse_lost_places(job: str, settings: Settings) -> None:
    """Raise ConfigError for places of this machine, or of the folder that is removed when the job has ended."""
    places = _places(settings, ("warehouse.uri", "warehouse.catalog_uri", *PLACES[job]))
    lost = [f"{name}={uri}" for name, uri in places if not is_s3(uri) and not uri.startswith(("/", "~"))]
    if job == "generate":  # a hub id looks like a relative path
        here = [uri for uri in settings.model.uri if not uri.startswith(("/", "~"))]
        lost += [f"model.uri={uri}" for uri in here if uri.startswith((".", "out/")) or Path(uri).exists()]
    if lost:
        raise ConfigError(
            f"{', '.join(lost)}: relative to a folder of the cluster that is removed when the job has ended; use"
            " s3://, or an absolute path that all nodes share"
        )


def submit(job: str, settings: Settings, command: str, console: Console) -> int:
    """Submit `command`; return the exit code of the job, 0 at once with `cluster.wait=false`, 130 for Ctrl-C."""
    from ray.job_submission import JobSubmissionClient

    address = next((os.environ[name] for name in ADDRESS_NAMES if os.environ.get(name)), TUNNEL)
    client = _answered(lambda: JobSubmissionClient(address), address)
    statuses = {one.submission_id: one.status.value for one in client.list_jobs() if one.submission_id}
    name = next_id(submission_id(job, settings), statuses)
    try:
        client.submit_job(entrypoint=command, submission_id=name, runtime_env={"working_dir": str(ROOT)})
    except RuntimeError as error:
        if "already exists" in str(error):
            raise ConflictError(f"{name} was submitted by another at the same time: nothing was submitted") from None
        raise RadrayError(f"{address} did not take {name}: {str(error).strip().splitlines()[-1]}") from None
    print_line(console, f"submit: {name}: {command}")
    if not settings.cluster.wait:
        print_line(console, f"submit: not waited for: `ray job status {name}`, `ray job logs {name} --follow`")
        return 0
    try:
        return exit_code(asyncio.run(_followed(client, name)), console)
    except KeyboardInterrupt:
        print_line(console, f"submit: {name} goes on without you; end it with `ray job stop {name}`")
        return STOPPED


def exit_code(ended: "JobDetails", console: Console) -> int:
    """Return the exit code of a job that has ended: its own; 130 for one that was stopped, 1 for one without any.

    A job that a signal ended has that signal's, 128 more, as in a shell. `ray job submit` itself ends with 1 for any
    failure, and with 0 for a job that was stopped.
    """
    status, code = ended.status.value, ended.driver_exit_code
    print_line(
        console, f"submit: {ended.submission_id} {status.lower()}" + ("" if code is None else f", exit code {code}")
    )
    if status == "STOPPED":
        return STOPPED
    if status == "SUCCEEDED":
        return 0
    if code is None:  # it did not come to run: what Ray says holds no report
        print_line(console, f"submit: {ended.message}")
        return 1
    return 128 - code if code < 0 else code


async def _followed(client: "JobSubmissionClient", name: str) -> "JobDetails":
    """Print the job's log as it grows, over connections that break, and return how the job ended."""
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
        except (OSError, RuntimeError, _client_error()) as error:
            lost += 1
            if lost == LOST_AFTER:
                raise RadrayError(
                    f"the job server did not answer for a minute ({type(error).__name__}); {name} may go on:"
                    f" `ray job status {name}`"
                ) from None
        time.sleep(LOOK_S)


def _client_error() -> type[Exception]:
    from aiohttp import ClientError

    return ClientError


def _answered(connect: "Callable[[], JobSubmissionClient]", address: str) -> "JobSubmissionClient":
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


def _shipped(file: str) -> str:
    path = Path(file).resolve()
    if not path.is_relative_to(ROOT / "jobs"):
        raise ConfigError(f"--config {file}: only what is in jobs/ and radray/ travels; put it into jobs/configs/")
    return path.relative_to(ROOT).as_posix()


def _places(settings: Settings, names: Sequence[str]) -> list[tuple[str, str]]:
    found = []
    for name in names:
        value: Any = settings
        for part in name.split("."):
            value = getattr(value, part)
        if value is not None:
            found.append((name, str(value)))
    return found


def main() -> int:
    """Run the command and return its exit code."""
    codes = [0]

    def command() -> None:
        job, *arguments = sys.argv[1:] or [""]
        if job not in JOBS:
            raise ConfigError(f"expected a job first, one of {', '.join(JOBS)}: python -m jobs.submit generate ...")
        settings, dry_run, _ = cli.parse(arguments, __doc__)
        refuse_lost_places(job, settings)
        if not (ROOT / ".rayignore").is_file():
            raise ConfigError(f"{ROOT} is not a checkout of radray: submit from one, so that its code is shipped")
        words = entrypoint(job, [word for word in arguments if word != "--dry-run"])
        if dry_run:
            # the job's own plan is its own dry run's: it takes seconds of imports, and is made anew on the cluster
            cli.show_plan(settings, [f"submit {submission_id(job, settings)}: {words}"])
        else:
            codes[0] = submit(job, settings, words, stderr_console())

    return cli.exit_code(command) or codes[0]


if __name__ == "__main__":
    sys.exit(main())
