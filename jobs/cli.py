"""What every job's command line does alike: settings, --dry-run, the console, exit codes."""

import argparse
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from radray.errors import ConfigError, RadrayError
from radray.nights.console import print_line, stderr_console
from radray.nights.failures import known_error
from radray.settings.loading import dump_settings, load_settings
from radray.settings.root import Settings
from radray.settings.section import CORPUS_DATE

if TYPE_CHECKING:
    from rich.console import Console

    from radray.nights.final_line import FinalLine

LOCAL_CONFIG = Path(__file__).parent / "configs" / "local.yaml"
"""What a job runs with when no --config is given: one laptop, no network."""


_SETTING = re.compile(r"[a-z][a-z_0-9.]*=")


Job = Callable[[Settings, "Console"], object]
Check = Callable[[Settings], None]
Describe = Callable[[Settings], Sequence[str]]


def parse(arguments: Sequence[str], doc: str | None, positional: str = "") -> tuple[Settings, bool, str]:
    """Return settings, whether this is a dry run, and the job's own argument, called `positional` ('': it has none).

    Raises ConfigError for settings, SystemExit (exit code 2) for an option that is not known.
    """
    usage = f"%(prog)s {positional and positional + ' '}[--config FILE]... [key=value]... [--dry-run]"
    parser = argparse.ArgumentParser(description=doc, usage=usage)
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="FILE",
        help=f"YAML settings, later files over earlier ones (none given: {LOCAL_CONFIG.name})",
    )
    parser.add_argument("--dry-run", action="store_true", help="print settings and plan, touch nothing")
    parser.add_argument("words", nargs="*", metavar="key=value", help="one setting, over those of the files")
    known = parser.parse_intermixed_args(arguments)
    own = [word for word in known.words if positional and not _SETTING.match(word)]
    if positional and len(own) != 1:
        raise ConfigError(f"expected one {positional}, quoted as one word, and got {len(own)}")
    overrides = [word for word in known.words if word not in own]
    settings = load_settings(known.config or [str(LOCAL_CONFIG)], overrides)
    return settings, known.dry_run, own[0] if own else ""


def run(
    job: Job,
    check: Check | None,
    describe: Describe,
    doc: str | None,
    line: "FinalLine | None" = None,
) -> int:
    """Run `job` as a command and return its exit code; with --dry-run print the settings and the plan instead.

    `check` is called once, before a run and before a dry run: it raises ConfigError for settings that the job cannot
    work with; `job` need not look again. `describe` gives the lines of the plan, and is called for a dry run alone.
    A nightly job gives the `line` that it fills: it is the last that is printed, on standard output, whatever the exit
    code, and what `notify` sends when that is not 0. An exit by a signal (SystemExit) passes on after it.
    """
    parsed: list[Settings] = []

    def command() -> None:
        settings, dry_run, _ = parse(sys.argv[1:], doc)
        parsed.append(settings)
        if check is not None:
            check(settings)
        if dry_run:
            show_plan(settings, describe(settings))
            return
        job(settings, stderr_console())

    if line is None or {"--dry-run", "--help", "-h"} & set(sys.argv[1:]):
        return exit_code(command)
    code = 1
    try:
        code = exit_code(command, line)
    except SystemExit as stop:
        code = stop.code if isinstance(stop.code, int) else 1
        line.error = "SystemExit"
        raise
    finally:
        end(line, code, *parsed)
    return code


def end(line: "FinalLine", code: int, settings: Settings | None = None) -> None:
    """Tell those whom `settings` name that a nightly job failed, and print its final line."""
    if settings is not None and settings.date != CORPUS_DATE and not line.nights:  # it ended before the first
        line.nights, line.refused = list(settings.nights), list(settings.nights)
    last = line.json(code)
    if code != 0 and settings is not None:
        from radray.nights.notify import notify

        for failure in notify(settings.notify, last):
            print_line(stderr_console(), failure)
    with suppress(BrokenPipeError):
        sys.stdout.write(f"{last}\n")
        sys.stdout.flush()


def show_plan(settings: Settings, plan: Sequence[str]) -> None:
    """Print the settings as YAML and the lines of the plan as its comments: a file that --config takes."""
    sys.stdout.write(dump_settings(settings))
    sys.stdout.writelines(f"# {line}\n" for line in plan)


def exit_code(command: Callable[[], None], line: "FinalLine | None" = None) -> int:
    """Run `command` and return the exit code: 0 done, else as the error says; the error is printed as one line.

    Its class is put into the final `line` where there is one.

    An error that is not radray's own is told by its type and the frames of its traceback, without its message:
    that of many libraries holds the value that did not fit.
    """
    err = stderr_console()
    try:
        with named(line):
            command()
    except RadrayError as error:
        err.print(f"error: {error}", style="bold red", markup=False, soft_wrap=True)
        return error.exit_code
    except BrokenPipeError:
        # the reader (head, less) has seen enough; what is still buffered must not fail at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        err.print("stopped", style="bold red")
        return 130
    except Exception as error:
        own = known_error(error)
        if own is not None:
            err.print(f"error: {own}", style="bold red", markup=False, soft_wrap=True)
            return own.exit_code
        for frame in traceback.extract_tb(error.__traceback__)[-4:]:
            err.print(f"  {frame.filename}:{frame.lineno} in {frame.name}", markup=False, soft_wrap=True)
        name = type(error).__name__
        err.print(f"error: unexpected {name} (its message is withheld: it may hold report text)", soft_wrap=True)
        return 1
    return 0


@contextmanager
def named(line: "FinalLine | None") -> Iterator[None]:
    """Put the class of the error that ends the block into `line`."""
    try:
        yield
    except BaseException as error:
        if line is not None:
            line.error = type(known_error(error) or error).__name__
        raise
