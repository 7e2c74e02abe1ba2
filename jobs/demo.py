"""The whole loop on synthetic reports, local disk, no network: prepare → fine-tune → generate → evaluate → query."""

import csv
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from jobs import cli
from jobs import query as query_job
from jobs.evaluate import Rows, evaluate
from jobs.finetune import check as check_finetune
from jobs.finetune import finetune
from jobs.generate import generate
from jobs.prepare import prepare
from radray.cluster.connection import ray_cluster
from radray.evaluation.scoring import main_scorer
from radray.models.folder import open_model
from radray.nights.console import print_line
from radray.reports.synthetic.studies import make_studies, split_rows, write_zip
from radray.settings.root import Settings

DATASET = "synthetic"
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
    """Run the loop below `demo.out`, and say what came out and what to look at."""
    took: dict[str, float] = {}
    out = Path(settings.demo.out).resolve()
    model, untrained = out / "model", out / "model-untrained"
    page = settings.evaluate.page or str(out / "evaluation.html")
    shared = settings.model_copy(
        update={
            "warehouse": settings.warehouse.model_copy(update={"uri": str(out / "warehouse")}),
            "source": settings.source.model_copy(
                update={"dataset": DATASET, "format": "mimic_zip", "uri": str(out / "mimic-cxr-reports.zip")}
            ),
            "split": settings.split.model_copy(update={"file": str(out / "split.csv")}),
            "model": settings.model.model_copy(
                update={"init": "tiny", "out": str(model), "uri": (str(untrained), str(model))}
            ),
        }
    )
    test_only = {
        "source": shared.source.model_copy(update={"uri": None}),
        "split": shared.split.model_copy(update={"name": "test"}),
        # the longest synthetic impression has 44 tokens; the untrained model always writes to the limit
        "generate": settings.generate.model_copy(update={"max_new_tokens": 64}),
    }
    with ray_cluster(settings.cluster):
        with _timed("synthetic corpus", took, console):
            write_corpus(settings, out)
        with _timed("prepare", took, console):
            prepare(shared, console)
        with _timed("fine-tune", took, console):
            check_finetune(shared)
            finetune(shared, console)
        with _timed("generate", took, console):
            generate(shared.model_copy(update=test_only), console)
        with _timed("evaluate", took, console):
            digests = tuple(open_model(uri).digest for uri in shared.model.uri)
            named = {"models": digests, "pretrained": digests[0], "page": page, "page_text": True, "page_note": NOTE}
            only = {"evaluate": shared.evaluate.model_copy(update=named)}
            figures, _ = evaluate(shared.model_copy(update={**test_only, **only}), console)
        with _timed("query", took, console):
            question = QUESTION.format(digest=digests[-1][:8])
            print_line(console, f"query: {question}")
            query_job.run(shared, question)
    summary(figures, took, shared, question, page, console)


def write_corpus(settings: Settings, out: Path) -> None:
    """Write the synthetic studies in MIMIC-CXR's own form, and their split file."""
    out.mkdir(parents=True, exist_ok=True)
    studies = list(make_studies(settings.demo.studies, settings.demo.seed))
    with (out / "mimic-cxr-reports.zip").open("wb") as archive:
        write_zip(studies, archive)
    with (out / "split.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["study_id", "subject_id", "split"])
        rows.writerows(split_rows(studies, settings.demo.held_out))


def summary(
    figures: Rows, took: dict[str, float], settings: Settings, question: str, page: str, console: Console
) -> None:
    """Print what the loop came to, and what to look at next."""
    table = Table("reports", "system", "ROUGE-1", title="Unseen synthetic reports")
    scorer_id = main_scorer(stemmer=settings.score.stemmer)
    for stratum in ("all", "abnormal"):
        for row in figures:
            if (row["stratum"], row["scorer_id"], row["metric"]) == (stratum, scorer_id, "rouge1"):
                table.add_row(stratum, row["system"], f"{row['mean']:.3f}")
        table.add_section()
    console.print(table)
    console.print("time: " + ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items()))
    warehouse = settings.warehouse.uri
    console.print(
        "The text is synthetic: the figures say that the loop works, not how good a model is on real reports.\n"
        f"Look at it:  {page} in a browser\n"
        f'             python -m jobs.query "{question}" warehouse.uri={warehouse}\n'
        f"             python -m jobs.query \"SELECT step, value FROM training_metrics WHERE name = 'val_loss'"
        f' ORDER BY step" warehouse.uri={warehouse}\n'
        'Your own reports: README, "Your own reports".',
        markup=False,
        soft_wrap=True,
    )


@contextmanager
def _timed(name: str, took: dict[str, float], console: Console) -> Iterator[None]:
    console.rule(name, align="left")
    started = time.monotonic()
    yield
    took[name] = time.monotonic() - started


def main() -> int:
    """Run the job as a command and return its exit code."""
    return cli.run(demo, None, describe, __doc__)


if __name__ == "__main__":
    sys.exit(main())
