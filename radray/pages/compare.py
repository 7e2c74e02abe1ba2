"""The systems of each dataset and split of an evaluation compared: the rows of both tables, and what is shown."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from operator import itemgetter
from typing import Any

from rich.table import Table

from radray.analytics.answer_rows import TaskSide
from radray.analytics.evaluation_rows import TrainingReports
from radray.evaluation.comparisons import comparisons
from radray.evaluation.deferral.calibration import Calibration
from radray.evaluation.deferral.rows import calibration_rows, confidence_rows
from radray.evaluation.figures import FigureChoices, evaluations
from radray.evaluation.floors import Training
from radray.evaluation.outside.published import PublishedResults
from radray.evaluation.outside.scores import OutsideScores, add_scores
from radray.evaluation.scoring import main_scorer
from radray.evaluation.strata import ABNORMAL, ALL
from radray.evaluation.systems import MODEL, SideBySide, add_floors, place_models, remarks, side_by_side, training_of
from radray.language.lexicon.vocabulary import adopt
from radray.pages.evaluation_tables import EvaluationTables
from radray.pages.tasks.comparison import TaskEvaluation, evaluate_tasks
from radray.reports.record.identity import normalise
from radray.settings.root import Settings
from radray.tasks.impression.task import IMPRESSION

Row = Mapping[str, Any]
Rows = list[Row]


@dataclass(frozen=True, slots=True)
class SplitEvaluation:
    """The evaluation of one dataset and split."""

    side: SideBySide
    tables: EvaluationTables
    remarks: Sequence[str]
    """What a reader must know: see `radray.evaluation.systems.remarks`."""


@dataclass(slots=True)
class Comparison:
    """An evaluation while it is computed, one dataset and split after the other."""

    settings: Settings
    run_id: str
    choices: FigureChoices
    published: PublishedResults | None = None
    outside: OutsideScores | None = None
    """Another program's scores of the same predictions."""
    pretrained: str | None = None
    """System over which the gain is reported."""
    calibration: Calibration | None = None
    """Calibration of the one model that is evaluated, where it was asked for."""
    figures: Rows = field(default_factory=list)
    """Rows of `evaluations` so far."""
    differences: Rows = field(default_factory=list)
    """Rows of `comparisons` so far."""
    splits: list[SplitEvaluation] = field(default_factory=list)
    tasks: list[TaskEvaluation] = field(default_factory=list)

    def each(self, rows: Sequence[Row], known: TrainingReports) -> Iterator[SplitEvaluation]:
        """Compare the systems on the predictions `rows` of each dataset and split in turn, and yield its evaluation.

        The floors are computed from the training reports of the dataset; where `known` has none of it, from those that
        the first of the models learnt from whose fine-tuning is known. Raises ConfigError for a `score.vocabulary`
        that cannot be used.
        """
        adopt(self.settings.score.vocabulary)  # critical strata, concept F1 and floors, by the words of the predictions
        place = itemgetter("dataset", "split")
        for (dataset, split), here in groupby(sorted(rows, key=place), key=place):
            of_split = list(here)
            yield self._add(dataset, split, of_split, self._training(dataset, of_split, known))

    def each_task(self, sides: Iterable[TaskSide]) -> Iterator[TaskEvaluation]:
        """Compare the systems on each of `sides`, a task on a dataset and split, in turn, and yield its evaluation."""
        for evaluation in evaluate_tasks(sides, self.settings, self.run_id):
            self.figures.extend(evaluation.figures)
            self.differences.extend(evaluation.differences)
            self.tasks.append(evaluation)
            yield evaluation

    def _training(self, dataset: str, rows: Rows, known: TrainingReports) -> Training:
        own = training_of(known.of_dataset(dataset), rows, normalise)
        if own.findings:
            return own
        by_model, _ = place_models(rows, self.settings.evaluate.models)
        for name, of_model in by_model.items():
            reports, where = known.of_model(next(iter(of_model.values()))["model_digest"])
            training = training_of(reports, rows, normalise, f"{name} ({where})")
            if training.findings:
                return training
        return own

    def _add(self, dataset: str, split: str, rows: Rows, training: Training) -> SplitEvaluation:
        side = side_by_side(dataset, split, rows, self.settings.evaluate.models, training)
        add_floors(side, training, IMPRESSION.floors, stemmer=self.settings.score.stemmer)
        sentences = remarks(side, training)
        if self.outside is not None:
            sentences += add_scores(side, self.outside)
        about = {"run_id": self.run_id, "batch_date": self.settings.date}
        figures = (*evaluations(side, self.choices), *confidence_rows(side, self.choices))
        self.figures.extend({**about, **row} for row in figures)
        if self.calibration is not None:
            bounds = calibration_rows(side, side.of(MODEL)[0], self.calibration, self.choices)
            self.figures.extend({**about, **row} for row in bounds)
        self.differences.extend({**about, **row} for row in comparisons(side, self.choices))
        tables = EvaluationTables(side, self.choices, self.figures, self.differences, self.published, self.pretrained)
        self.splits.append(SplitEvaluation(side, tables, sentences))
        return self.splits[-1]


def figure_choices(settings: Settings) -> FigureChoices:
    """Return how figures are computed by `settings`: scorer, weight of normal references, resamples and seed."""
    section = settings.evaluate
    scorer_id = main_scorer(stemmer=settings.score.stemmer)
    return FigureChoices(scorer_id, section.normal_weight, section.resamples, section.seed)


def scores_table(figures: Rows, title: str, *, stemmer: bool) -> Table:
    """Return the means of ROUGE-1 on all and on abnormal reports, a row a system, as a table for a terminal."""
    scorer_id = main_scorer(stemmer=stemmer)
    table = Table("reports", "system", "ROUGE-1", title=title)
    for stratum in (ALL, ABNORMAL):
        for row in figures:
            if (row["stratum"], row["scorer_id"], row["metric"]) == (stratum, scorer_id, "rouge1"):
                table.add_row(stratum, row["system"], f"{row['mean']:.3f}")
        table.add_section()
    return table
