"""Nights of examples without Ray: the stages of the pipeline, one after the other, in this process."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pyarrow as pa

from radray.pipelines.answers.examples import ExamplesJob, MakeExamples, columns_of
from radray.pipelines.report_rows import ReadRows
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.storage.files import Storage
from radray.tables.patients.priors import Priors
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
