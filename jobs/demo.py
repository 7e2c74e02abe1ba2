"""The whole loop on synthetic reports, local disk, no network: prepare → fine-tune → generate → evaluate → query."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from jobs import cli
from radray.console import print_line, print_table
from radray.settings.root import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from rich.console import Console

    from radray.pages.compare import Rows

USES = ("demo", "train", "model.tiny", "generate", "score", "evaluate.page", "cluster")
NOTE = "The reports are synthetic: the numbers say that the loop works, not how good a model is on real reports."
QUESTION = (
    "SELECT model_name, reference, prediction, round(rouge1_f, 2) AS rouge1 FROM predictions"
    " WHERE model_digest LIKE '{digest}%' ORDER BY rouge1_f, study_id LIMIT 3"
)


def describe(settings: Settings) -> list[str]:
    """Return what the job would do."""
    return [
        f"write {settings.demo.studies:,} synthetic studies to {settings.demo.out}",
        "prepare, fine-tune a tiny T5, generate with it and with the untrained one, evaluate, query",
        f"write {settings.evaluate.page or Path(settings.demo.out) / 'evaluation.html'}: the evaluation as a page",
    ]


def demo(settings: Settings, console: Console) -> None:
    """Run the loop below `demo.out`, and print what came out and what to look at."""
    from jobs import evaluate, finetune, generate, prepare, query
    from radray.cluster.connection import ray_cluster
    from radray.models.folder import open_model
    from radray.reports.synthetic.corpus import ARCHIVE, SPLIT, write_corpus

    took: dict[str, float] = {}
    out = Path(settings.demo.out).resolve()
    untrained, model = str(out / "model-untrained"), str(out / "model")
    page = settings.evaluate.page or str(out / "evaluation.html")
    shared = changed(
        settings,
        warehouse={"uri": str(out / "warehouse")},
        source={"dataset": "synthetic", "format": "mimic_zip", "uri": str(out / ARCHIVE)},
        split={"file": str(out / SPLIT)},
        model={"init": "tiny", "out": model, "uri": (untrained, model)},
    )
    # the longest synthetic impression has 44 tokens; the untrained model always writes to the limit
    test_only = changed(shared, source={"uri": None}, split={"name": "test"}, generate={"max_new_tokens": 64})
    with ray_cluster(settings.cluster):
        with _timed("synthetic corpus", took, console):
            write_corpus(out, settings.demo.studies, settings.demo.held_out, settings.demo.seed)
        with _timed("prepare", took, console):
            prepare.prepare(shared, console)
        with _timed("fine-tune", took, console):
            finetune.check(shared)
            finetune.finetune(shared, console)
        with _timed("generate", took, console):
            generate.generate(test_only, console)
        with _timed("evaluate", took, console):
            digests = tuple(open_model(uri).digest for uri in shared.model.uri)
            named = {"models": digests, "pretrained": digests[0], "page": page, "page_text": True, "page_note": NOTE}
            figures, _ = evaluate.evaluate(changed(test_only, evaluate=named), console)
        with _timed("query", took, console):
            question = QUESTION.format(digest=digests[-1][:8])
            print_line(console, f"query: {question}")
            query.query(shared, question)
    summary(figures, took, shared, question, page, console)


def changed(settings: Settings, **sections: Mapping[str, object]) -> Settings:
    """Return `settings` with other values in some `sections`; they are not validated again."""
    update = {name: getattr(settings, name).model_copy(update=values) for name, values in sections.items()}
    return settings.model_copy(update=update)


def summary(figures: Rows, took: dict[str, float], settings: Settings, sql: str, page: str, console: Console) -> None:
    """Print the scores on unseen reports, and what to look at next."""
    from radray.pages.compare import scores_table

    print_table(console, scores_table(figures, "Unseen synthetic reports", stemmer=settings.score.stemmer))
    print_line(console, "time: " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items()))
    loss = "SELECT step, value FROM training_metrics WHERE name = 'val_loss' ORDER BY step"
    asked = (f'python -m jobs.query "{query}" warehouse.uri={settings.warehouse.uri}' for query in (sql, loss))
    for line in (
        "The text is synthetic: the figures say that the loop works, not how good a model is on real reports.",
        f"Look at it:  {page} in a browser",
        *(f"             {command}" for command in asked),
        'Your own reports: README, "Your reports".',
    ):
        print_line(console, line)


@contextmanager
def _timed(name: str, took: dict[str, float], console: Console) -> Iterator[None]:
    console.rule(name, align="left")
    started = time.monotonic()
    yield
    took[name] = time.monotonic() - started


def main() -> int:
    """Run the job as a command and return its exit code."""
    return cli.run(demo, None, describe, __doc__, uses=USES)


if __name__ == "__main__":
    sys.exit(main())
