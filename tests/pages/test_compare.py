"""An evaluation reads reports with the hospital's vocabulary, as the predictions were checked."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from radray.analytics.evaluation_rows import TrainingReports
from radray.checks.check import CHECKS_ID
from radray.evaluation.concept_f1 import CONCEPT_F1
from radray.evaluation.strata import CRITICAL
from radray.language.lexicon.vocabulary import adopt, suffix_of
from radray.pages.compare import Comparison, figure_choices
from radray.settings.generate import ScoreSettings, VocabularyEntry
from radray.settings.root import Settings
from radray.settings.warehouse import WarehouseSettings
from radray.tables.catalog import Warehouse
from tests.support.worlds.side import rows_of

ZEBRA = {"pneumothorax": VocabularyEntry(phrases=("zebra sign",))}


@pytest.fixture(autouse=True)
def _the_vocabulary_as_it_was() -> Iterator[None]:
    yield
    adopt({})


def test_the_first_split_is_read_with_the_vocabulary_of_the_settings(tmp_path: Path) -> None:
    warehouse = Warehouse(WarehouseSettings(uri=str(tmp_path)))
    settings = Settings(score=ScoreSettings(vocabulary=ZEBRA))
    version = CHECKS_ID + suffix_of(ZEBRA)
    rows = rows_of("alpha", {"u1": "Zebra sign.", "u2": "x"}, checks_id=version, flag_side=False)
    rows[0]["findings"] = "There is a zebra sign at the apex."
    (evaluation,) = Comparison(settings, "run", figure_choices(settings)).each(rows, TrainingReports(warehouse))
    side = evaluation.side
    model = side.systems["alpha a0000000"]
    assert {scorer for scorer, metric in model.values if metric == CONCEPT_F1} == {version}
    assert side.strata[CRITICAL].tolist() == [True, False]
