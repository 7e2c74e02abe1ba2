"""The view of mentions has each mention that the language layer finds, and no other; the findings' stratum follows."""

import datetime

import pytest

from radray.analytics.query import stream
from radray.language.findings_stratum import findings_stratum
from radray.language.lexicon.attributes import CHANGES, LOCATIONS, SEVERITIES
from radray.language.lexicon.concepts import CONCEPTS
from radray.language.mentions import find_mentions
from radray.reports.synthetic.studies import make_studies
from radray.schema.predictions import PREDICTIONS
from radray.tables.catalog import Warehouse
from radray.tasks.impression.mentions import FORMS, write_mentions
from tests.support.worlds.tables import open_warehouse
from tests.support.worlds.views import Row, append

TEXTS = (
    ("Large left pneumothorax. Small bilateral pleural effusions, unchanged.", "Left pneumothorax.", "Normal chest."),
    ("Lungs are clear.", "No acute disease.", None),
    ("Old right rib fracture. Possible left basilar pneumonia.", None, "Pneumonia, new."),
    ("", None, ""),
)


def row_of(place: int, texts: tuple[str, str | None, str | None]) -> Row:
    filler = dict.fromkeys(("split_key", "text_digest", "prompt_id", "settings_digest", "engine", "run_key"), "x")
    row: Row = {**filler, "unit_id": f"u{place}", "batch_date": datetime.date(2026, 3, 1), "dataset": "north"}
    row |= {"split": "live", "model_name": "model", "model_digest": "m", "study_id": "s", "run_id": "generate-1"}
    row |= dict(zip(FORMS, texts, strict=True))
    return row | {"status": "ok" if texts[2] else "failed", "mentions": write_mentions(*texts)}


@pytest.fixture(scope="module")
def texts() -> list[tuple[str, str | None, str | None]]:
    reports = [study.text for study in make_studies(40, 7)]
    return [*TEXTS, *((text, text[-200:], text[:300]) for text in reports)]


@pytest.fixture(scope="module")
def warehouse(texts: list[tuple[str, str | None, str | None]], tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    warehouse = open_warehouse(tmp_path_factory.mktemp("mentions") / "warehouse")
    rows = [row_of(place, each) for place, each in enumerate(texts)]
    append(warehouse, PREDICTIONS, [*rows, {**rows[0], "unit_id": "older", "mentions": None}])
    return warehouse


def test_every_mention_is_a_row(texts: list[tuple[str, str | None, str | None]], warehouse: Warehouse) -> None:
    expected = [
        (
            *(f"u{place}", form, mention.concept, mention.state.value, "+".join(sorted(mention.sides)) or None),
            *(mention.severity, "+".join(sorted(mention.locations)) or None, mention.change),
            *(CONCEPTS[mention.concept].urgency, mention.historical),
        )
        for place, of_report in enumerate(texts)
        for form, text in zip(FORMS, of_report, strict=True)
        for mention in find_mentions(text or "")
    ]
    asked = "unit_id, named_in, concept, state, side, severity, places, change, urgency, historical"
    got = [tuple(row.values()) for row in stream(warehouse, f"SELECT {asked} FROM mentions").table().to_pylist()]
    assert sorted(got, key=repr) == sorted(expected, key=repr)
    assert len(got) > 500
    for column in zip(*got, strict=True):
        assert len(set(column)) > 1  # each says something here


def test_the_stratum_of_findings_follows_from_the_rows(
    texts: list[tuple[str, str | None, str | None]], warehouse: Warehouse
) -> None:
    asked = """SELECT unit_id FROM mentions
        WHERE named_in = 'findings' AND state <> 'absent' AND concept <> 'no_finding' GROUP BY unit_id"""
    abnormal = {row["unit_id"] for row in stream(warehouse, asked).table().to_pylist()}
    assert abnormal == {f"u{i}" for i, (findings, *_) in enumerate(texts) if findings_stratum(findings) == "abnormal"}
    assert 0 < len(abnormal) < len(texts)


def test_texts_that_name_nothing_give_no_row() -> None:
    assert write_mentions("", None, None) == write_mentions(None, "Comparison is made.", "") == ""
    assert write_mentions("Large left pneumothorax.", None, "Old rib fracture.").split("; ") == [
        "findings:pneumothorax:present:left:severe:::critical:",
        "prediction:fracture:present:::rib::urgent:old",
    ]


def test_no_name_holds_a_separator() -> None:
    names = [*CONCEPTS, *LOCATIONS, *SEVERITIES, *CHANGES]
    assert [name for name in names if set(name) & set(":;+")] == []
    assert [concept.id for concept in CONCEPTS.values() if concept.normal] == ["no_finding"]
