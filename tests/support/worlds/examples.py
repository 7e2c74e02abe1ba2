"""Nights of examples without Ray: the stages of the pipeline, one after the other, in this process."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from unittest.mock import patch

import pyarrow as pa
from rich.console import Console

from radray.nights.examples_run import prepare_examples
from radray.nights.failures import worst_at_end
from radray.nights.final_line import FinalLine
from radray.pipelines.answers.examples import ExamplesJob, MakeExamples, columns_of
from radray.pipelines.report_rows import ReadRows
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.storage.files import Storage
from radray.tables.patients.priors import Priors
from radray.tasks.answering import AnswerTask
from tests.support.tasks import SIDES, SIZE
from tests.support.worlds.night_tables import NIGHT


def night_settings(folder: Path, *overrides: str) -> Settings:
    return load_settings((), [f"warehouse.uri={folder}", f"date={NIGHT}", "source.dataset=hospital", *overrides])


def stage_here(
    storage: Storage, files: Sequence[str], jobs: Sequence[ExamplesJob], priors: Priors | None = None
) -> Iterator[int]:
    """Do what `stage_examples` does."""
    make = MakeExamples(storage, jobs, priors)
    for file in files:
        for rows in ReadRows(storage, columns=columns_of(jobs))(pa.table({"uri": [file]})):
            yield sum(make(rows).column("reports").to_pylist())


def make_in_place(
    settings: Settings,
    tasks: Sequence[AnswerTask] = (SIDES, SIZE),
    stage: Callable[..., Iterator[int]] = stage_here,
) -> None:
    """Make the examples of a night in this process, as `jobs.prepare`; `stage` takes the place of `stage_examples`."""
    console = Console(quiet=True)
    with patch("radray.nights.examples_run.stage_examples", stage), worst_at_end(console) as refused:
        refused.extend(prepare_examples(settings, tasks, lambda: None, console, FinalLine("prepare")).values())
