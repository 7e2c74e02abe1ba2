"""18 classes of identifiers, 8 places where none may be: a hospital's feed through all jobs, in one Ray."""

import gzip
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import ray
from tensorboardX import SummaryWriter

from jobs import evaluate, finetune, generate, prepare, query
from radray.cluster.connection import ray_cluster
from radray.errors import StageError
from radray.reports.splits import is_validation
from radray.settings.cluster import ClusterSettings
from tests.e2e.test_whole_loop import careless_stage, log_to_this_session
from tests.support.inputs.identifiers import ALL, CLASSES, NAME, classes_in, contents, write_feed
from tests.support.worlds.loop import TINY

pytestmark = pytest.mark.slow

FRACTION, SEED = 0.3, 1
SPLIT = (f"split.validation_fraction={FRACTION}", f"split.seed={SEED}")
"""The patient's reports are learnt from."""

HAVE_TEXT = ("reports", "predictions")
"""Tables that hold texts and ids of patients: their data files are no place where none may be."""


@dataclass
class World:
    """The folders of a warehouse, its jobs' outputs, and the errors that they ended with."""

    folder: Path
    temporary: Path
    codes: list[int] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    def run(self, job: ModuleType, *words: str) -> int:
        """Run the command of `job` in this process; what it prints goes into files of `logs`."""
        where = f"warehouse.uri={self.folder}/warehouse"
        name = f"{len(self.codes):02}-{job.__name__.removeprefix('jobs.')}"
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(sys, "argv", [job.__name__, *words, where])
            with (
                (self.logs / f"{name}.out").open("w") as out,
                (self.logs / f"{name}.err").open("w") as err,
                redirect_stdout(out),
                redirect_stderr(err),
            ):
                code: int = job.main()
        self.codes.append(code)
        return code

    def done(self, job: ModuleType, *words: str) -> None:
        """Run a command that must end well."""
        assert self.run(job, *words) == 0, self.printed(job)

    def printed(self, job: ModuleType) -> str:
        """Return what the last command, of `job`, printed on standard error."""
        return (self.logs / f"{len(self.codes) - 1:02}-{job.__name__.removeprefix('jobs.')}.err").read_text()

    def refused(self, job: ModuleType, *words: str) -> None:
        """Run a command that must be refused; the end of what it printed is an error."""
        assert self.run(job, *words) not in (0, 1), words
        assert "error: " in self.printed(job)
        self.errors.append(self.printed(job))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    folder = Path(tempfile.mkdtemp(prefix="ids-"))  # short: sockets of engines are below TMPDIR
    world = World(folder, folder / "t")
    for name in ("logs", "t"):
        (folder / name).mkdir()
    write_feed(folder / "in")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        patch.setenv("TMPDIR", str(world.temporary))
        patch.setattr(tempfile, "tempdir", None)
        try:
            with ray_cluster(ClusterSettings()):
                log_to_this_session()
                run_all(world)
                yield world
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def run_all(world: World) -> None:
    """Prepare, train, write, evaluate and query; then what is refused."""
    source = ("source.format=hl7", "source.dataset=hospital")
    night = ("date=2026-11-21", *source, "source.uri=in/night")
    model = ("model.init=tiny", *TINY, f"model.out={world.folder}/model", f"train.tensorboard={world.folder}/events")
    steps = ("train.max_steps=4", "train.threads_per_worker=1", "model.tiny.vocab_size=2000", *SPLIT)
    world.done(prepare, *source, "source.uri=in/learn")
    world.done(finetune, "source.dataset=hospital", *model, *steps)
    world.refused(prepare, *night, "source.max_rejected_fraction=0")
    world.done(prepare, *night, f"source.pairs={world.folder}/pairs.jsonl")
    writes = ("generate.engine=transformers", "generate.max_new_tokens=8", f"model.uri={world.folder}/model")
    world.done(generate, *night[:1], "source.dataset=hospital", *writes)
    pages = (f"evaluate.page={world.folder}/page.html", f"evaluate.csv={world.folder}/csv")
    world.done(evaluate, *night[:1], "source.dataset=hospital", "evaluate.resamples=200", *pages)
    refuse_all(world)


def refuse_all(world: World) -> None:
    """Run commands whose input, names or words hold identifiers and are refused for it."""
    folder = world.folder / "bad"
    folder.mkdir()
    columns = {name: ["a"] for words in CLASSES.values() for name in words}
    header = ",".join(columns)
    (folder / f"{NAME}.csv").write_text(f"{header}\n{header}\n")
    (folder / f"two-{NAME}.csv").write_text(f"uid,findings,impression,Thessaly,Thessaly\n{ALL}\n")
    (folder / f"{NAME}.jsonl").write_text(str(columns).replace("'", '"') + "\n")
    (folder / f"{NAME}.thessaly").write_text(ALL)
    (folder / "split.csv").write_text(f"study_id,split\nMRN7719305,{ALL}\n")
    pq.write_table(pa.table(columns), folder / f"{NAME}.parquet")
    pq.write_table(pa.table({"study_id": ["1"], "findings": [[ALL]]}), folder / f"list-{NAME}.parquet")
    shutil.copy(world.folder / "in" / "night" / "incoming" / f"{NAME}.zip", folder)
    dataset = "source.dataset=bad"
    for format_, file in (
        *(("openi_csv", f"{NAME}.csv"), ("openi_csv", f"two-{NAME}.csv"), ("mimic_sectioned_csv", f"{NAME}.csv")),
        *(("jsonl", f"{NAME}.jsonl"), ("mediqa_json", f"{NAME}.jsonl"), ("fhir", f"{NAME}.thessaly")),
        *(("parquet", f"{NAME}.parquet"), ("parquet", f"list-{NAME}.parquet"), ("parquet", f"{NAME}.csv")),
        *(("mimic_zip", f"{NAME}.zip"), ("hl7", f"{NAME}.thessaly")),
        *(("auto", f"{NAME}.thessaly"), ("auto", f"{NAME}.csv"), ("hl7", f"no-{NAME}.hl7")),
    ):
        world.refused(prepare, f"source.format={format_}", f"source.uri={folder}/{file}", dataset)
    learn = ("source.format=hl7", f"source.uri={world.folder}/in/learn", dataset)
    world.refused(prepare, *learn, f"split.file={folder}/split.csv")
    world.refused(prepare, *learn, "MRN7719305 Thessaly")
    world.refused(prepare, *learn, "--erase=MRN7719305")
    world.refused(query, "SELECT CAST(findings AS INTEGER) FROM reports")
    world.refused(query, "SELECT error(findings) FROM reports")
    data = ray.data.from_arrow(pa.table({"findings": [ALL]}))
    with pytest.raises(Exception, match=StageError.__name__) as caught:
        data.map_batches(careless_stage().__call__, batch_format="pyarrow").materialize()
    world.errors.append(str(caught.value))


def below(*places: Path) -> Iterator[tuple[str, bytes]]:
    """Yield where and what, for all that the files below `places` say; sockets and links say nothing."""
    for place in places:
        for file in [place] if place.is_file() else sorted(place.rglob("*")):
            if file.is_file() and not file.is_symlink():
                yield from ((str(file), content) for content in contents(file))


def session() -> Path:
    return Path(ray._private.worker._global_node.get_session_dir_path())


def tables(world: World) -> Iterator[tuple[str, bytes]]:
    """Yield what the warehouse holds beside the rows of the tables with texts: their metadata is included."""
    for file in sorted((world.folder / "warehouse").rglob("*")):
        parts = file.relative_to(world.folder / "warehouse").parts
        if file.is_file() and not (parts[0] == "data" and parts[1] in HAVE_TEXT):
            yield from below(file)


Sink = Callable[[World], Iterator[tuple[str, bytes]]]

SINKS: dict[str, Sink] = {
    "logs": lambda world: below(world.logs),
    "errors": lambda world: ((f"error {place}", error.encode()) for place, error in enumerate(world.errors)),
    "Ray's logs": lambda world: below(session()),
    "metrics": lambda world: below(world.folder / "events"),
    "pages": lambda world: below(world.folder / "page.html", world.folder / "csv"),
    "tables": tables,
    "models": lambda world: below(*world.folder.glob("model*")),
    "temporary files": lambda world: below(world.temporary, world.folder / "cache"),
}


def leaks(world: World, sink: str) -> dict[str, set[str]]:
    """Return the classes in each file of `sink` that holds any."""
    hits: dict[str, set[str]] = {}
    for where, content in SINKS[sink](world):
        if classes := classes_in(content):
            hits.setdefault(where, set()).update(classes)
    return hits


def test_the_feed_brought_every_class_into_the_tables(world: World) -> None:
    assert not is_validation("MRN7719305", fraction=FRACTION, seed=SEED)
    for table in HAVE_TEXT:
        classes = [classes_in(content) for _, content in below(world.folder / "warehouse" / "data" / table)]
        assert set().union(*classes) == CLASSES.keys()


def test_every_place_holds_something(world: World) -> None:
    for name, sink in SINKS.items():
        if name != "temporary files":
            assert sum(len(content) for _, content in sink(world)) > 500, name


@pytest.mark.parametrize("sink", SINKS)
def test_no_identifier_is_in(sink: str, world: World) -> None:
    assert leaks(world, sink) == {}


@pytest.mark.parametrize("sink", SINKS)
def test_a_leak_is_found(sink: str, world: World) -> None:
    with planted(sink, world):
        assert set().union(*leaks(world, sink).values()) == CLASSES.keys()


@contextmanager
def planted(sink: str, world: World) -> Iterator[None]:
    """Put every identifier into `sink`, in the form of what stands there."""
    files = {
        "logs": world.logs / "planted.err",
        "metrics": world.folder / "events" / "planted",
        "pages": world.folder / "csv" / "planted.csv",
        "tables": world.folder / "warehouse" / "data" / "runs" / "planted.parquet",
        "models": world.folder / "model" / "planted.json",
        "temporary files": world.temporary / "planted.gz",
    }
    if sink == "Ray's logs":  # the same failure, outside a stage: it stays there
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        data = ray.data.from_arrow(pa.table({"findings": [ALL]}))
        with pytest.raises(Exception, match="could not understand"):
            data.map_batches(careless_stage().run, batch_format="pyarrow").materialize()
    elif sink == "errors":
        world.errors.append(str(ValueError(ALL)))
    elif sink == "metrics":
        with SummaryWriter(str(files[sink])) as writer:
            writer.add_text("planted", ALL)
    elif sink == "tables":
        pq.write_table(pa.table({"config": [ALL]}), files[sink], compression="zstd")
    elif sink == "temporary files":
        files[sink].write_bytes(gzip.compress(ALL.encode()))
    else:
        files[sink].write_text(ALL)
    try:
        yield
    finally:
        if sink == "errors":
            world.errors.pop()
        elif sink in files:
            shutil.rmtree(files[sink]) if files[sink].is_dir() else os.remove(files[sink])
