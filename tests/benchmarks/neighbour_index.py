"""What the neighbours of a model cost: ``python -m tests.benchmarks.neighbour_index [--reports N] [--queries Q]``.

`radray.models.neighbours` over the 1,384 reports of ``$RADRAY_DATA/openi`` with findings and impression, and over N
(100,000) texts made of them: each takes the sentences of as many findings as a report has, drawn at random, and a tenth
of its words is replaced by other words of Open-i, so that texts differ and pairs of words grow with their number as in
a large archive. Impressions are those of Open-i.

Each size in a process of its own: seconds to write the file, its size, seconds to load it as an actor does, the
process's peak resident memory beyond what it has with all imports, milliseconds a query for the three nearest (reports
that are not in the index, in batches of 64, on one thread), and what that makes of the leave-one-out pass of a
fine-tuning. The last line is JSON.
"""

import argparse
import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa

from radray.language.sentences import split_sentences
from radray.models.neighbours import COLUMNS, NEIGHBOURS, read_neighbours, write_neighbours
from tests.benchmarks.openi_folds import read_reports
from tests.benchmarks.trained_model import say
from tests.support.paths import ROOT

BATCH = 64
NEAREST = 3
REPLACED = 0.1
SEED = 13
QUERIES = "queries.json"


def texts(findings: list[str], count: int, seed: int) -> Iterator[str]:
    """Yield `count` texts made of the sentences and words of `findings`."""
    draw = random.Random(seed)
    sentences = [list(split_sentences(text)) for text in findings]
    everything = [sentence for its in sentences for sentence in its]
    words = [word for text in findings for word in text.split()]
    for _ in range(count):
        drawn = draw.choices(everything, k=max(1, len(draw.choice(sentences))))
        yield " ".join(
            draw.choice(words) if draw.random() < REPLACED else word for sentence in drawn for word in sentence.split()
        )


def table_of(findings: list[str], impressions: list[str]) -> pa.Table:
    """Return the table of a model's training reports."""
    rows = [
        {
            "unit_id": f"{place:07d}",
            "subject": None,
            "findings": text,
            "impression": impressions[place % len(impressions)],
        }
        for place, text in enumerate(findings)
    ]
    return pa.Table.from_pylist(rows, schema=COLUMNS)


def measure(folder: Path) -> dict[str, float]:
    """Load the neighbours of `folder` in this process and ask for those of the queries there; what that took."""
    # scikit-learn belongs to every process that has neighbours
    import sklearn.feature_extraction.text  # noqa: F401

    queries = json.loads((folder / QUERIES).read_text(encoding="utf-8"))
    before, began = _peak(), time.monotonic()
    neighbours = read_neighbours(folder)
    loaded = time.monotonic()
    rows = [{"unit_id": "", "subject_id": None, "findings": text} for text in queries]
    for start in range(0, len(rows), BATCH):
        neighbours.nearest(rows[start : start + BATCH], NEAREST)
    return {
        "load_s": round(loaded - began, 2),
        "peak_mb": round(_peak() - before),
        "words_a_report": round(sum(len(text.split()) for text in queries) / len(queries), 1),
        "query_ms": round(1000 * (time.monotonic() - loaded) / len(rows), 2),
    }


def _peak() -> float:
    """Return the most MB that this process held; getrusage would count what its parent held when it began."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1]) / 1024


def main() -> int:
    """Measure both sizes, print, and return 0."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reports", type=int, default=100_000)
    parser.add_argument("--queries", type=int, default=256)
    parser.add_argument("--load", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.load is not None:
        say(json.dumps(measure(given.load)))
        return 0
    reports = read_reports()
    findings, impressions = [report.findings for report in reports], [report.reference for report in reports]
    queries = json.dumps(list(texts(findings, given.queries, SEED + 1)))
    figures: dict[str, Any] = {}
    for name, its in (("Open-i", findings), ("made", list(texts(findings, given.reports, SEED)))):
        with tempfile.TemporaryDirectory() as temporary:
            table, began = table_of(its, impressions), time.monotonic()
            write_neighbours(table, Path(temporary))
            its_figures = {"reports": len(its), "write_s": round(time.monotonic() - began, 2)}
            its_figures["file_mb"] = round((Path(temporary) / NEIGHBOURS).stat().st_size / 1e6, 1)
            (Path(temporary) / QUERIES).write_text(queries, encoding="utf-8")
            command = [sys.executable, "-m", "tests.benchmarks.neighbour_index", "--load", temporary]
            done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        its_figures |= json.loads(done.stdout.splitlines()[-1])
        its_figures["leave_one_out_s"] = round(its_figures["query_ms"] * len(its) / 1000)
        figures[name] = its_figures
        say(f"{name}: {its_figures}")
    say(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
