"""Submit a job to a running cluster, once a night and model, follow it to its end, and end with its exit code.

    python -m jobs.submit generate --config jobs/configs/cluster/nightly.yaml date=2026-11-21

What follows the job's name is that job's own command line; `cluster.wait=false` returns as soon as it is submitted. The
cluster is the one of RAY_API_SERVER_ADDRESS or RAY_ADDRESS, else http://127.0.0.1:8265, where `ray dashboard
cluster.yaml` puts it. The job runs in what .rayignore ships of this checkout, in a folder that Ray removes afterwards:
relative paths of results are refused. A secret or a patient's id is given as file:PATH or env:NAME, of the machine that
the job runs on: Ray's list of jobs shows command lines. Its submission id is printed: `ray job status`, `logs` and
`stop` take it.
"""

import shlex
import sys
from collections.abc import Sequence
from functools import reduce
from pathlib import Path

from jobs import cli
from radray.cluster.submission import submission_id, submit
from radray.console import print_line, stderr_console
from radray.errors import ConfigError
from radray.settings.root import Settings

USES = ("cluster.wait", "cluster.allow_unencrypted")

ROOT = Path(__file__).parents[1]
"""The checkout: what a job runs in on the cluster, less what .rayignore leaves at home."""

PLACES = {
    "evaluate": ("evaluate.csv", "evaluate.page", "evaluate.published"),
    "finetune": ("model.out", "train.checkpoint_uri"),
    "generate": ("source.uri", "source.pairs", "split.file"),
    "maintain": (),
    "prepare": ("source.uri", "source.pairs", "split.file"),
}
"""The settings of each job, beside the warehouse's, that name what must outlive the folder that it runs in."""


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
        elif not word.startswith("cluster.wait=") and word not in ("--dry-run", "--all"):
            words.append(word)
        expects_file = word == "--config"
    return shlex.join(["python", "-m", f"jobs.{job}", *words])


def refuse_lost_places(job: str, settings: Settings) -> None:
    """Raise ConfigError for places of this machine, or of the folder that is removed when the job has ended."""
    lost = []
    for name in ("warehouse.uri", "warehouse.catalog_uri", *PLACES[job]):
        uri = reduce(getattr, name.split("."), settings)
        if uri is not None and not str(uri).startswith(("s3://", "/", "~")):
            lost.append(f"{name}={uri}")
    if job == "generate":
        there = ("s3://", "hf://", "/", "~")
        lost += [f"model.uri={uri}" for uri in settings.model.uri if uri != "smollm2" and not uri.startswith(there)]
    if lost:
        raise ConfigError(
            f"{', '.join(lost)}: relative to a folder of the cluster that is removed when the job has ended; use"
            " s3://, or an absolute path that all nodes share"
        )


def _shipped(file: str) -> str:
    path = Path(file).resolve()
    if not path.is_relative_to(ROOT / "jobs"):
        raise ConfigError(f"--config {file}: only what is in jobs/ and radray/ travels; put it into jobs/configs/")
    return path.relative_to(ROOT).as_posix()


def main() -> int:
    """Run the command and return its exit code."""
    codes = [0]

    def command() -> None:
        job, *arguments = sys.argv[1:] or [""]
        if job in ("-h", "--help"):
            cli.parse([job], __doc__, f"{{{','.join(sorted(PLACES))}}}", uses=USES, ends_with_line=True)
        if job not in PLACES:
            jobs = ", ".join(sorted(PLACES))
            raise ConfigError(f"expected a job first, one of {jobs}: python -m jobs.submit generate ...")
        with_line = job in ("generate", "prepare")
        asked = cli.parse(arguments, __doc__, uses=USES, ends_with_line=with_line, for_another_machine=True)
        refuse_lost_places(job, asked.settings)
        if not (ROOT / ".rayignore").is_file():
            raise ConfigError(f"{ROOT} is not a checkout of radray: submit from one, so that its code is shipped")
        first, words = submission_id(job, asked.settings), entrypoint(job, arguments)
        if asked.dry_run:
            # the job's own plan is its own dry run's, and is computed anew on the cluster
            cli.show_plan(asked, [f"submit {first}: {words}"])
            return
        from radray.tables.audit import who

        console = stderr_console()
        codes[0] = submit(
            first,
            words,
            ROOT,
            asked.settings.cluster,
            principal=who(asked.settings.principal).principal,
            report=lambda text: print_line(console, f"submit: {text}"),
        )

    return cli.exit_code(command) or codes[0]


if __name__ == "__main__":
    sys.exit(main())
