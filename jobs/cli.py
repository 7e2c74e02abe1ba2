"""What every job's command line does alike: settings, --help, --dry-run, the console, exit codes.

Nothing heavy is imported for help, for a dry run of settings, or for an error in them: a job imports what it works with
inside its functions.
"""

import argparse
import os
import re
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from radray.cluster.reporting import report_nothing
from radray.console import print_line, stderr_console, write_line
from radray.errors import ConfigError, InputError, RadrayError
from radray.messages import shown
from radray.nights.failures import known_error
from radray.private import keep_private, sweep
from radray.settings.loading import dump_changed, dump_settings, load_settings, read_yaml
from radray.settings.root import Settings
from radray.settings.section import CORPUS_DATE

if TYPE_CHECKING:
    from rich.console import Console

    from radray.nights.final_line import FinalLine
    from radray.tables.audit import Entry
    from radray.tables.catalog import Warehouse

LOCAL_CONFIG = Path(__file__).parent / "configs" / "local.yaml"
"""What a job runs with when no --config is given: one laptop, no network."""

_SETTING = re.compile(r"[a-z][a-z_0-9.]*=")

Job = Callable[[Settings, "Console"], object]
Check = Callable[[Settings], None]
Describe = Callable[[Settings], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Command:
    """What a command line asks for."""

    settings: Settings
    dry_run: bool
    show_all: bool
    """Whether a dry run prints every setting, and not only those that differ from the defaults."""
    argument: str
    """The job's own argument; '' for a job that has none."""


class _Parser(argparse.ArgumentParser):
    """argparse, whose errors end as those of settings do: in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; `{self.prog} --help` lists what there is")


def parse(
    arguments: Sequence[str],
    doc: str | None,
    positional: str = "",
    *,
    uses: Sequence[str] = (),
    ends_with_line: bool = False,
    for_another_machine: bool = False,
) -> Command:
    """Return what `arguments` ask for; the job's own argument is called `positional` ('': it has none).

    --help prints `doc` and the settings that `uses` names (sections or settings; (): all), and ends in SystemExit.
    Secrets of a command that runs on another machine are read there, and here by nobody.
    Raises ConfigError for settings, and for an option that is not known.
    """
    parser = _Parser(
        prog=_program(),
        description=(doc or "").replace("``", "`"),
        usage=f"%(prog)s {positional and positional + ' '}[--config FILE]... [key=value]... [--dry-run]",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--config",
        action="append",
        default=[],
        metavar="FILE",
        help=f"YAML settings, later files over earlier ones (none given: {LOCAL_CONFIG.name})",
    )
    parser.add_argument("--dry-run", action="store_true", help="print the plan and the settings, and touch nothing")
    parser.add_argument("--all", action="store_true", help="print all settings in a dry run, not only those changed")
    if ends_with_line:
        parser.add_argument("--json", action="store_true", help="end with the line for monitors in a terminal, too")
    parser.add_argument("words", nargs="*", metavar="key=value", help="one setting, over those of the files")
    if {"-h", "--help"} & set(arguments):
        parser.epilog = _settings_help(uses)
    known, others = parser.parse_known_intermixed_args(arguments)
    if others:
        # what follows the "=" of an option that is not known may be whom to erase
        options = ", ".join(shown(word.partition("=")[0]) for word in others if word.startswith("-"))
        parser.error(f"unrecognized arguments: {options or len(others)}")
    own = [word for word in known.words if positional and not _SETTING.match(word)]
    if positional and len(own) != 1:
        raise ConfigError(f"expected one {positional}, quoted as one word, and got {len(own)}")
    overrides = [word for word in known.words if word not in own]
    files = known.config or [str(LOCAL_CONFIG)]
    settings = load_settings(files, overrides, for_another_machine=for_another_machine)
    return Command(settings, known.dry_run, known.all, own[0] if own else "")


def run(
    job: Job,
    check: Check | None,
    describe: Describe,
    doc: str | None,
    line: "FinalLine | None" = None,
    *,
    uses: Sequence[str] = (),
    audit: str | None = None,
) -> int:
    """Run `job` as a command and return its exit code; with --dry-run print the plan and the settings instead.

    `check` is called once, before a run and before a dry run: it raises ConfigError for settings that the job cannot
    work with; `job` need not look again. `describe` gives the lines of the plan, and is called for a dry run alone.
    `uses` names the sections and settings that --help lists. `audit` is the action that the table `audit` records when
    the job ends; None: the job writes its entry itself, or none.

    A nightly job gives the `line` that it fills: it is the last that is printed, on standard output, whatever the exit
    code, where that is no terminal or --json asks for it; and it is what `notify` sends when the exit code is not 0.
    An exit by a signal (SystemExit) passes on after it.
    """
    parsed: list[Settings] = []

    def command() -> None:
        asked = parse(sys.argv[1:], doc, uses=uses, ends_with_line=line is not None)
        parsed.append(asked.settings)
        if check is not None:
            check(asked.settings)
        if asked.dry_run:
            show_plan(asked, describe(asked.settings))
            return
        sweep()  # what killed processes left on this machine
        with nullcontext() if audit is None else recorded(audit, asked.settings, line):
            job(asked.settings, stderr_console())

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
    """Notify those whom `settings` name that a nightly job failed, and print its final line where a monitor reads it.

    That is where standard output is no terminal, or where --json was given.
    """
    if settings is not None and settings.date != CORPUS_DATE and not line.nights:  # it ended before the first
        line.nights, line.refused = list(settings.nights), list(settings.nights)
    last = line.json(code)
    if code != 0 and settings is not None:
        from radray.nights.notify import notify

        for failure in notify(settings.notify, last):
            print_line(stderr_console(), failure)
    if "--json" in sys.argv[1:] or not sys.stdout.isatty():
        with suppress(BrokenPipeError):
            write_line(sys.stdout, last)
            sys.stdout.flush()


def show_plan(command: Command, plan: Sequence[str]) -> None:
    """Print the lines of the plan as comments, then settings as YAML: a file that --config takes."""
    for line in plan:
        write_line(sys.stdout, f"# {line}")
    if command.show_all:
        sys.stdout.write(f"#\n# all settings:\n{dump_settings(command.settings)}")
    else:
        changed = dump_changed(command.settings)
        sys.stdout.write(f"#\n# settings that differ from the defaults (--dry-run --all prints all):\n{changed}")


def exit_code(command: Callable[[], None], line: "FinalLine | None" = None) -> int:
    """Run `command` and return the exit code: 0 done, else as the error says; the error is printed as one line.

    Its class is put into the final `line` where there is one.

    An error that is not radray's own is named by its type and the frames of its traceback, without its message:
    that of many libraries holds the value that did not fit.
    """
    report_nothing()  # before a library that would is imported
    keep_private()
    err = stderr_console()
    try:
        with named(line):
            command()
    except RadrayError as error:
        print_line(err, f"error: {error}", "bold red")
        return error.exit_code
    except BrokenPipeError:
        # the reader (head, less) has seen enough; what is still buffered must not fail at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except KeyboardInterrupt:
        print_line(err, "stopped", "bold red")
        return 130
    except Exception as error:
        own = known_error(error)
        if own is not None:
            print_line(err, f"error: {own}", "bold red")
            return own.exit_code
        for frame in traceback.extract_tb(error.__traceback__)[-4:]:
            print_line(err, f"  {frame.filename}:{frame.lineno} in {frame.name}")
        name = type(error).__name__
        print_line(err, f"error: unexpected {name} (its message is withheld: it may hold report text)")
        return 1
    return 0


@contextmanager
def audited(
    action: str, settings: Settings, warehouse: "Warehouse", about: Mapping[str, Any] | None = None
) -> Iterator["Entry"]:
    """Append to the table `audit` that the action begins, with what `about` knows of it, and, when the block ends, how.

    Yields the entry. Raises RadrayError, before the block, where its beginning cannot be appended: what nobody could
    see is not done. An end that cannot be appended is printed.
    """
    from radray.tables.audit import Entry, who

    entry = Entry(action, who(settings.principal), **(about or {}))
    try:
        entry.write_begun(warehouse)
    except Exception as error:
        reason = known_error(error) or type(error).__name__
        raise RadrayError(
            f"{entry.action} is refused: that it begins could not be written into the table audit ({reason})"
        ) from None
    with _ending(entry, lambda: warehouse):
        yield entry


@contextmanager
def recorded(action: str, settings: Settings, line: "FinalLine | None" = None) -> Iterator["Entry"]:
    """Append to the table `audit`, when the block ends, how, and what it committed; where there is a warehouse then.

    Yields the entry. One that cannot be appended fails nothing: that is printed, and counted in `line`.
    """
    from radray.tables.audit import Entry, who
    from radray.tables.catalog import Warehouse

    entry = Entry(action, who(settings.principal))

    def opened() -> Warehouse | None:
        with suppress(InputError):
            return Warehouse(settings.warehouse, must_exist=True)
        return None

    with _ending(entry, opened, line):
        yield entry


@contextmanager
def _ending(
    entry: "Entry", warehouse: "Callable[[], Warehouse | None]", line: "FinalLine | None" = None
) -> Iterator[None]:
    from radray.tables.runs import outcomes

    code, token = 0, outcomes.set(entry.outcome_ids)
    try:
        yield
    except BaseException as error:
        code = _code_of(error)
        raise
    finally:
        outcomes.reset(token)
        try:
            if (opened := warehouse()) is not None:
                entry.write_ended(opened, code)
        except Exception as error:
            if line is not None:
                line.unaudited += 1
            reason = known_error(error) or type(error).__name__
            print_line(stderr_console(), f"audit: the end of {entry.action} was not written: {reason}")


def _code_of(error: BaseException) -> int:
    """Return the exit code of a job that `error` ends."""
    if isinstance(error, SystemExit):
        return error.code if isinstance(error.code, int) else 1
    if isinstance(error, KeyboardInterrupt | BrokenPipeError):
        return 130 if isinstance(error, KeyboardInterrupt) else 0
    known = known_error(error) if isinstance(error, Exception) else None
    return 1 if known is None else known.exit_code


@contextmanager
def named(line: "FinalLine | None") -> Iterator[None]:
    """Put the class of the error that ends the block into `line`."""
    try:
        yield
    except BaseException as error:
        if line is not None:
            line.error = type(known_error(error) or error).__name__
        raise


def _program() -> str:
    """Return how this command was called, as far as it can be repeated."""
    called = sys.argv[0]
    return called if called.startswith("radray ") else f"python -m jobs.{Path(called).stem}"


def _settings_help(uses: Sequence[str]) -> str:
    # here and not above: no run prints help
    from radray.settings.reference import flat, help_text

    introduction = (
        "settings of this job, key=value or YAML, with their defaults; where no --config is given, those of"
        f" {LOCAL_CONFIG.name} hold.\nNone is written null. Settings of other jobs are accepted and unused;"
        " radray/settings/README.md has them all."
    )
    return f"{introduction}\n{help_text(uses, flat(read_yaml(str(LOCAL_CONFIG))), LOCAL_CONFIG.name)}"
