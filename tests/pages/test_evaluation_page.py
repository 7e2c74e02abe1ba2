"""The page: parsed as a browser would, for what it must have, must not have, and must show as text."""

import datetime
import re
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from radray.errors import ConfigError
from radray.evaluation.comparisons import comparisons
from radray.evaluation.deferral.rows import confidence_rows
from radray.evaluation.figures import FigureChoices, evaluations
from radray.evaluation.floors import Training
from radray.evaluation.outside.published import PublishedResults, Result
from radray.evaluation.scoring import main_scorer
from radray.evaluation.systems import add_floors, remarks, side_by_side
from radray.flags import CLASSES, TIER_A
from radray.pages.compare import SplitEvaluation
from radray.pages.evaluation_page import TEMPLATES, Evaluation, page, write_page
from radray.pages.evaluation_tables import EvaluationTables
from radray.tasks.impression.task import IMPRESSION

CHOICES = FigureChoices(main_scorer(stemmer=True), normal_weight=0.5, resamples=200, seed=1)
REFERENCES = (
    *("No acute disease.", "No acute disease.", "Small left effusion.", "1. Right pneumothorax. 2. Rib fracture."),
    *("Large right pneumothorax.", "No acute process.", "New opacity at the left base."),
)
FINDINGS = (
    "Clear lungs.",
    "Lungs are clear.",
    "A left effusion is seen.",
    "There is a right pneumothorax. A rib is broken.",
)
TRAINING = Training(["Clear lungs."], ["No acute disease."], frozenset({"clear lungs."}), str.lower)
CANARY = "xylophone-canary"
HOSTILE = "<script>alert(1)</script>\u202eevil\u0007 {{ 7 * 7 }} \"' & <img src=x onerror=y> $x^2$"
VOID = {"meta", "link", "br", "img", "hr", "input"}
SVG_EMPTY = {"path", "use", "rect", "line", "circle"}
RUN = {
    **{"run_id": "evaluate-1", "job": "evaluate", "status": "finished", "code_version": "0.1.0", "dataset": None},
    **{"started": datetime.datetime(2026, 1, 2, 3, 4), "input_digest": "d1", "config": "a: 1"},
}


class Tree(HTMLParser):
    """All elements with their attributes and their text; unclosed or crossed tags fail."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[dict[str, Any]] = []
        self.all: list[dict[str, Any]] = []
        self.feed(text)
        self.close()
        assert [element["tag"] for element in self.open] == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), (tag, names)
        parents = [element["tag"] for element in self.open]
        element = {"tag": tag, "attrs": dict(attrs), "text": "", "parents": parents, "inside": list(self.open)}
        self.all.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open, tag
        assert self.open[-1]["tag"] == tag, (tag, [element["tag"] for element in self.open])
        self.open.pop()

    def handle_data(self, data: str) -> None:
        for element in self.open:
            element["text"] += data

    def find(self, *tags: str) -> list[dict[str, Any]]:
        return [element for element in self.all if element["tag"] in tags]

    def within(self, outer: dict[str, Any], tag: str) -> list[dict[str, Any]]:
        return [
            element
            for element in self.all
            if element["tag"] == tag and any(other is outer for other in element["inside"])
        ]


def prediction_rows(
    models: tuple[str, ...] = ("now", "next"),
    dataset: str = "set1",
    count: int = 40,
    change: Callable[[dict[str, Any]], Any] = lambda row: None,
) -> list[dict[str, Any]]:
    """Return rows of `predictions`; the last model writes what the radiologist wrote, the others half of it."""
    rows = []
    for model in models:
        for place in range(count):
            reference = REFERENCES[place % len(REFERENCES)]
            words = reference.split()
            row: dict[str, Any] = {
                **{"unit_id": f"{dataset}-{place:03}", "split_key": f"p{place}", "dataset": dataset, "split": "test"},
                **{"model_name": model, "model_digest": model.encode().hex().ljust(64, "0"), "status": "ok"},
                **{"findings": FINDINGS[place % len(FINDINGS)], "background": "Cough.", "reference": reference},
                **{"reference_raw": reference, "batch_date": datetime.date(1970, 1, 1), "run_id": "generate-1"},
                **{"prediction": reference if model == models[-1] else " ".join(words[: len(words) // 2])},
                **{"logprob_per_token": -0.1 * (place % 7), "margin": None, "checks_id": "checks-1"},
                **{"engine": "e", "prompt_id": "p", "settings_digest": "s", "scorer_id": CHOICES.main_scorer},
                **{f"flag_{name}": place % 9 == number for number, name in enumerate(CLASSES)},
                **{f"reference_flag_{name}": place % 19 == number for number, name in enumerate(CLASSES)},
                **{"evidence": "side impression:0-5 findings:0-3", "reference_evidence": None},
                **{"findings_stratum": "abnormal" if place % 4 > 1 else "normal"},
            }
            change(row)
            rows.append(row)
    return rows


def evaluation_of(rows: list[dict[str, Any]], known: Training = TRAINING, **values: Any) -> Evaluation:
    splits, figures, differences = [], [], []
    published = PublishedResults(
        [Result("large one", "elsewhere", dict.fromkeys(("rouge1", "rouge2", "rougel", "rougelsum"), 0.5), "all")], {}
    )
    for dataset in sorted({row["dataset"] for row in rows}):
        here = [row for row in rows if row["dataset"] == dataset]
        side = side_by_side(dataset, "test", here, list(dict.fromkeys(row["model_name"] for row in here)), known)
        add_floors(side, known, IMPRESSION.floors, stemmer=True)
        figures += [*evaluations(side, CHOICES), *confidence_rows(side, CHOICES)]
        differences += list(comparisons(side, CHOICES))
        tables = EvaluationTables(side, CHOICES, figures, differences, published)
        splits.append(SplitEvaluation(side, tables, remarks(side, known)))
    values = {"runs": [RUN], "config": "evaluate: {}", **values}
    return Evaluation("evaluate-1", splits, CHOICES, figures, differences, "out/warehouse", **values)


def training_rows() -> list[dict[str, Any]]:
    return [
        {"run_id": run_id, "model_name": model, "name": name, "step": step, "value": 1 / step}
        for run_id, model in (("finetune-1", "next"), ("finetune-2", "next"), ("finetune-3", "another"))
        for name in ("train_loss", "val_loss", "learning_rate")
        for step in (1, 2, 3)
    ]


@pytest.fixture(scope="module")
def whole() -> str:
    rows = prediction_rows() + prediction_rows(dataset="set2", count=20)
    return page(evaluation_of(rows, with_text=True, training=training_rows(), note="Made up.", pretrained="now"))


@pytest.fixture(scope="module")
def tree(whole: str) -> Tree:
    return Tree(whole)


def test_headings_have_an_order_and_one_first(tree: Tree) -> None:
    levels = [int(element["tag"][1]) for element in tree.find("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_tables_have_captions_and_scopes(tree: Tree) -> None:
    tables = tree.find("table")
    assert len(tables) > 20
    for table in tables:
        assert [bool(element["text"].strip()) for element in tree.within(table, "caption")] == [True]
        assert {element["attrs"].get("scope") for element in tree.within(table, "th")} == {"col", "row"}
        widths = [len(tree.within(row, "th")) + len(tree.within(row, "td")) for row in tree.within(table, "tr")]
        assert len(set(widths)) == 1


def test_every_figure_has_words_a_label_and_its_numbers(tree: Tree) -> None:
    figures = tree.find("figure")
    # two sets: 5 spreads, by length, two tiers of flags, coverage; and one training
    assert len(figures) == 2 * 9 + 1
    for figure in figures:
        assert tree.within(figure, "figcaption")[0]["text"].strip()
        assert tree.within(figure, "table")
        drawings = tree.within(figure, "svg")
        labels = [
            element["attrs"].get("aria-label")
            for element in tree.within(figure, "div")
            if element["attrs"].get("role") == "img"
        ]
        assert len(labels) == len(drawings) > 0
        assert all(labels)


def test_training_is_that_of_the_models_newest_run(tree: Tree) -> None:
    captions = [element["text"] for element in tree.find("figcaption") if element["text"].startswith("Training of")]
    assert [caption.split(".")[0] for caption in captions] == ["Training of next, run finetune-2"]


def test_ids_are_the_pages_own_and_links_lead_somewhere(tree: Tree) -> None:
    ids = [element["attrs"]["id"] for element in tree.all if "id" in element["attrs"]]
    assert len(ids) == len(set(ids))
    led = [element["attrs"]["href"] for element in tree.all if "href" in element["attrs"]]
    assert led
    assert {link.removeprefix("#") for link in led} <= set(ids)
    clips = {name for element in tree.all for name in re.findall(r"url\(#([^)]+)\)", str(element["attrs"]))}
    assert clips <= set(ids)


def test_nothing_comes_from_outside_and_nothing_runs(tree: Tree, whole: str) -> None:
    assert not tree.find("script", "link", "iframe", "object", "embed", "img", "base", "form", "image", "foreignobject")
    assert not [
        name for element in tree.all for name in element["attrs"] if name.startswith("on") or name in ("src", "srcset")
    ]
    assert "://" not in whole
    assert "@import" not in whole
    style = tree.find("style")
    assert len(style) == 1
    assert "url(" not in style[0]["text"]


def test_the_first_words_are_the_use_and_what_is_left_out(tree: Tree) -> None:
    paragraphs = [element["text"] for element in tree.find("p")]
    assert paragraphs[0].startswith("For retrospective review and research.")
    assert paragraphs[1] == "Made up."
    # every fourth report of the 40 has a pneumothorax in its findings
    missed = [paragraph for paragraph in paragraphs if paragraph.startswith("Of 100 reports with a critical finding")]
    hits = len([place for place in range(40) if place % 4 == 3 and place % 9 == CLASSES.index("critical_missed")])
    own = len([place for place in range(40) if place % 4 == 3 and place % 19 == CLASSES.index("critical_missed")])
    assert hits == 2
    assert f"the impressions of next 6e657874 leave it out in {10 * hits} ({hits} of 10; 95 % interval" in missed[1]
    assert f"radiologists' own impressions leave it out in {10 * own} ({own} of 10;" in missed[2]


def sentences_of(rows: list[dict[str, Any]]) -> list[str]:
    return [element["text"] for element in Tree(page(evaluation_of(rows))).find("p", "li", "figcaption")]


def test_abnormal_reports_passed_off_as_normal_are_counted_first(tree: Tree) -> None:
    (box, *_) = [element for element in tree.find("div") if element["attrs"].get("class") == "first"]
    paragraphs = [element["text"] for element in tree.within(box, "p")]
    # of the 40 references 23 are abnormal; `next` writes them, and copying knows one sentence, a normal one
    abnormal = sum(place % 7 in (2, 3, 4, 6) for place in range(40))
    assert abnormal == 23
    assert f"next 6e657874 gives a normal one to 0 (0 of {abnormal}; 95 % interval 0 to" in paragraphs[-3]
    assert "copying the impression of the most similar training report (a floor, no model) gives" in paragraphs[-2]
    assert f"gives a normal one to 100 ({abnormal} of {abnormal};" in paragraphs[-2]
    assert paragraphs[-1].startswith(
        "On abnormal reports now 6e6f7700 and next 6e657874 score better than copying the first"
    )


def test_the_best_of_models_that_lose_to_a_floor_is_not_called_of_use() -> None:
    rows = prediction_rows(change=lambda row: row.update(prediction="Nothing to see."))
    assert any(
        sentence.startswith("No model here is shown to be better on abnormal reports than")
        for sentence in sentences_of(rows)
    )


def test_no_model_is_better_than_a_radiologist_by_masks() -> None:
    def masked(row: dict[str, Any]) -> None:
        row |= {name: False for name in row if "flag_" in name} | {"reference_flag_mask": True}

    sentences = sentences_of(prediction_rows(change=masked))
    note = "Masks in the radiologists' impressions come from de-identification and are not their errors."
    assert f"{note} They make no model better or worse." in sentences
    assert not any(sentence.startswith("mask (") for sentence in sentences)
    classes = len(TIER_A) - 1
    alike = f"in {classes} classes of serious errors: no clear difference in {classes}."
    assert f"next 6e657874 against the radiologists, {alike}" in sentences
    assert not any(
        f"{note} They" in sentence
        for sentence in sentences_of(prediction_rows(change=lambda row: row.update(reference_flag_mask=False)))
    )


def test_what_is_kept_of_the_surest_half_is_told_by_case_mix() -> None:
    def sure_of_normal(row: dict[str, Any]) -> None:
        row["logprob_per_token"] = -0.1 if row["reference"].startswith("No ") else -0.9

    sentences = [
        sentence
        for sentence in sentences_of(prediction_rows(change=sure_of_normal))
        if sentence.startswith("Does the model know")
    ]
    # 17 of 40 are normal: the surest 20 are these and 3 more
    assert "Of the half that next 6e657874 is surest of, 15 % are abnormal; of all reports, 57 %." in sentences[0]


def test_training_is_that_of_the_model_that_wrote_not_of_a_later_namesake() -> None:
    runs = [RUN, {**RUN, "run_id": "finetune-1", "model_digest": b"next".hex().ljust(64, "0")}]
    runs.append({**RUN, "run_id": "finetune-2", "model_digest": "f" * 64})
    captions = Tree(page(evaluation_of(prediction_rows(), training=training_rows(), runs=runs))).find("figcaption")
    names = [element["text"].split(".")[0] for element in captions if element["text"].startswith("Training of")]
    assert names == ["Training of next, run finetune-1"]


def test_the_better_model_is_called_so_and_the_floor_too(tree: Tree) -> None:
    paragraphs = [element["text"] for element in tree.find("p")]
    first = paragraphs.index(
        "next 6e657874 against now 6e6f7700: better by ROUGE-1 on abnormal reports and on all reports."
    )
    assert paragraphs[first + 1].startswith("now 6e6f7700 against the best floor")
    assert any(
        paragraph.startswith("next 6e657874 against the best floor: better by ROUGE-1") for paragraph in paragraphs
    )


def test_cases_are_shown_with_marks_and_items(tree: Tree) -> None:
    cases = tree.find("article")
    kinds = [tree.within(case, "h4")[0]["text"].split(": ")[1] for case in cases]
    assert "random, abnormal" in kinds
    assert "random, normal" in kinds
    items = [item["text"].strip() for case in cases for item in tree.within(case, "li")]
    assert "Rib fracture." in items or "Small left effusion." in items
    marks = {mark["attrs"]["class"] for case in cases for mark in tree.within(case, "mark")}
    assert "flag" in marks
    assert any("leaves out" in paragraph["text"] for case in cases for paragraph in tree.within(case, "p"))


def test_published_results_stand_apart_and_are_marked(tree: Tree) -> None:
    tables = [table for table in tree.find("table") if tree.within(table, "caption")[0]["text"].startswith("Published")]
    assert len(tables) == 2
    assert "not comparable: on other reports (elsewhere)" in tables[0]["text"]


def test_equal_evaluations_give_equal_pages() -> None:
    first, second = (
        page(evaluation_of(prediction_rows(count=9), with_text=True, training=training_rows())) for _ in range(2)
    )
    assert first == second


def canary(row: dict[str, Any]) -> None:
    for name in ("findings", "background", "reference", "reference_raw", "prediction"):
        row[name] = f"{row[name]} {CANARY}."
    row |= {"subject_id": CANARY, "study_id": CANARY, "split_key": f"{CANARY} {row['split_key']}"}


def test_without_text_the_page_holds_none_but_the_line_that_shows_it() -> None:
    rows = prediction_rows(change=canary)
    training = Training([f"Clear {CANARY}."], [f"No {CANARY}."], frozenset(), str.lower)
    bare, full = page(evaluation_of(rows, training)), page(evaluation_of(rows, training, with_text=True))
    assert CANARY in full
    assert CANARY not in bare
    assert not [reference for reference in REFERENCES if reference in bare]
    lines = [element["text"] for element in Tree(bare).find("pre") if element["attrs"].get("class") == "query"]
    assert len(lines) >= 8
    assert "params.unit=set1-" in lines[0]
    assert "jobs.query" not in full.split("<h2>Where")[0]


def test_texts_with_what_may_be_an_identifier_are_not_shown() -> None:
    def named(row: dict[str, Any]) -> None:
        if int(row["unit_id"][-3:]) % 2:
            row["findings"] += " Seen by Dr. Albright."

    shown = page(evaluation_of(prediction_rows(change=named), with_text=True))
    assert "Albright" not in shown
    assert "Its texts may hold identifiers and are not shown." in shown
    whole = page(evaluation_of(prediction_rows(), with_text=True))
    assert "Its texts may hold identifiers" not in whole
    assert 0 < shown.count(">Background<") < whole.count(">Background<")


def test_hostile_text_is_shown_as_text() -> None:
    def hostile(row: dict[str, Any]) -> None:
        for name in ("findings", "background", "reference", "reference_raw", "prediction", "engine"):
            row[name] = f"{row[name]} {HOSTILE}"
        row |= {"model_name": HOSTILE + row["model_name"], "dataset": HOSTILE, "unit_id": HOSTILE + row["unit_id"]}

    for with_text in (True, False):
        text = page(evaluation_of(prediction_rows(change=hostile), note=HOSTILE, config=HOSTILE, with_text=with_text))
        tree = Tree(text)
        assert not tree.find("script", "img")
        assert not set(text) & {"\u202e", "\u0007"}
        assert "{{ 7 * 7 }}" in text
        shown = "<script>alert(1)</script>[U+202E]evil[U+0007] {{ 7 * 7 }}"
        assert sum(shown in element["text"] for element in tree.find("th", "h3", "code", "li", "p")) > 10


def without_references(row: dict[str, Any]) -> None:
    row |= {"reference": None, "reference_raw": None, "scorer_id": None}
    row |= {name: None for name in row if name.startswith("reference_flag_")}


@pytest.mark.parametrize(
    ("rows", "training", "says", "says_not"),
    [
        ([], TRAINING, "Nothing was evaluated.", "<figure>"),
        (prediction_rows(("alone",), count=1), TRAINING, "too few to judge by", "undefined"),
        (prediction_rows(("alone",)), TRAINING, "There is nothing to compare", "nan"),
        (prediction_rows(), Training(), "floor: first sentence", "floor: nearest neighbour</th>"),
        (
            prediction_rows(change=without_references),
            TRAINING,
            "No report here has a radiologist",
            "ROUGE-1, all references",
        ),
        (
            prediction_rows(change=lambda row: row.update(checks_id=None)),
            TRAINING,
            "were never checked",
            "Serious errors (Tier A)",
        ),
        (
            prediction_rows(change=lambda row: row.update(status="failed", prediction=None)),
            TRAINING,
            "failed: no impression",
            ">nan<",
        ),
        (prediction_rows(tuple(f"m{n}" for n in range(10)), count=8), TRAINING, "m9 6d390000", "nan"),
    ],
    ids=["empty", "one row", "one model", "no training", "live night", "unchecked", "all failed", "many models"],
)
def test_what_is_missing_is_said(rows: list[dict[str, Any]], training: Training, says: str, says_not: str) -> None:
    text = page(evaluation_of(rows, training, with_text=True))
    assert says in text
    assert says_not not in text
    tree = Tree(text)
    assert len(tree.find("h1")) == 1
    assert all(tree.within(table, "caption") for table in tree.find("table"))


def channel(value: int) -> float:
    part = value / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def luminance(color: str) -> float:
    red, green, blue = (channel(int(color[at : at + 2], 16)) for at in (1, 3, 5))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("place", [0, 1, 2], ids=["light", "dark", "paper"])
def test_contrast_of_text_and_lines(place: int) -> None:
    """WCAG 2.2, 1.4.3: 4.5 to 1, of every colour that text or data is drawn in, on every ground that it lies on."""
    style = (TEMPLATES / "page.css").read_text(encoding="utf-8")
    colors = dict(
        re.findall(r"--([a-z0-9]+): (#[0-9a-f]{6});", re.findall(r":root \{(.*?)\}", style, re.DOTALL)[place])
    )
    pairs = [(name, "paper") for name in colors if re.fullmatch(r"s\d|ink|muted|good|bad|link", name)]
    pairs += [(name, "soft") for name in ("ink", "muted", "bad")] + [("ink", "new"), ("ink", "flag"), ("bad", "flag")]
    assert len(pairs) == 8 + 5 + 6
    for color, ground in pairs:
        light, dark = sorted((luminance(colors[color]), luminance(colors[ground])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, (color, ground)


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    content = evaluation_of(prediction_rows(count=4))
    file = write_page(tmp_path / "new" / "page.html", content)
    assert file.read_text(encoding="utf-8") == page(content)
    assert [entry.name for entry in file.parent.iterdir()] == ["page.html"]
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match=r"evaluate\.page"):
        write_page(tmp_path / "file" / "page.html", content)


def test_charts_are_imported_only_with_a_page() -> None:
    code = "import sys, radray.pages.marked, jobs.evaluate, jobs.demo; print('matplotlib' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
