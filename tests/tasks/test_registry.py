"""Which task and prompt a model is asked: what its manifest says, and no setting that says otherwise."""

import pytest

from radray.errors import ConfigError
from radray.language.exemplar_marks import unmark
from radray.settings.model import ModelSettings
from radray.tasks.registry import choose, find_prompt, refuse_unknown

TRAINED = {"task": "impression", "prompt_id": "findings-v1"}


@pytest.mark.parametrize(("family", "prompt"), [("t5", "background-findings-v1"), ("causal", "sections-v1")])
def test_a_model_that_nobody_trained_here_gets_its_familys_prompt(family: str, prompt: str) -> None:
    asked = choose(ModelSettings(), "hub", family, {})
    assert (asked.task.id, asked.prompt.id) == ("impression", prompt)


def test_for_such_a_model_the_setting_decides() -> None:
    assert choose(ModelSettings(prompt="findings-v1"), "hub", "causal", {}).prompt.id == "findings-v1"
    assert choose(ModelSettings(task="impression"), "hub", "t5", {}).prompt.id == "background-findings-v1"


@pytest.mark.parametrize(
    "settings",
    [
        ModelSettings(),
        ModelSettings(prompt="findings-v1"),
        ModelSettings(task="impression"),
        ModelSettings(task="impression", prompt="findings-v1"),
    ],
)
def test_a_trained_model_gets_the_prompt_that_it_was_trained_with(settings: ModelSettings) -> None:
    assert choose(settings, "chest", "t5", TRAINED).prompt.id == "findings-v1"


def test_a_manifest_older_than_tasks_is_of_impressions() -> None:
    assert choose(ModelSettings(), "chest", "t5", {"prompt_id": "findings-v1"}).provenance == TRAINED
    with pytest.raises(ConfigError, match=r"model\.prompt=sections-v1, but model chest was trained with findings-v1"):
        choose(ModelSettings(prompt="sections-v1"), "chest", "t5", {"prompt_id": "findings-v1"})


def test_a_setting_that_says_otherwise_is_refused_with_both_named() -> None:
    with pytest.raises(ConfigError) as refused:
        choose(ModelSettings(prompt="background-findings-v1"), "chest", "t5", TRAINED)
    assert str(refused.value) == (
        "model.prompt=background-findings-v1, but model chest was trained with findings-v1: leave model.prompt unset,"
        " or name another model"
    )


def test_a_model_of_another_task_is_refused_with_both_named() -> None:
    trained = {"task": "sections", "prompt_id": "findings-v1"}
    with pytest.raises(ConfigError, match=r"model\.task=impression, but model chest was trained with sections"):
        choose(ModelSettings(task="impression"), "chest", "t5", trained)


def test_a_prompt_of_a_newer_version_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown prompt 'later-v9'"):
        choose(ModelSettings(), "chest", "t5", {"prompt_id": "later-v9"})


def test_unknown_names_are_refused_before_a_model_is_opened() -> None:
    with pytest.raises(ConfigError, match=r"model\.task: unknown task 'poem'; known: impression"):
        refuse_unknown(ModelSettings(task="poem"))
    with pytest.raises(ConfigError, match="unknown prompt 'v0'"):
        refuse_unknown(ModelSettings(prompt="v0"))
    refuse_unknown(ModelSettings(task="impression", prompt="sections-v1"))


def test_what_is_asked_is_filled_from_the_columns_that_the_task_reads() -> None:
    asked = find_prompt("sections-v1")
    report = {"findings": "Clear.", "background": None, "reference": "Normal.", "unit_id": "u"}
    assert asked.fill(report) == "Findings: Clear.\nImpression:"
    assert set(asked.task.reads) <= set(asked.task.probe)


def test_a_prompt_that_shows_reports_shows_as_many_as_it_was_trained_with() -> None:
    trained = {"task": "impression", "prompt_id": "similar-sections-v1", "exemplars": 5}
    asked = choose(ModelSettings(), "chest", "causal", trained)
    assert (asked.exemplars, asked.provenance) == (5, trained)
    assert choose(ModelSettings(exemplars=5), "chest", "causal", trained) == asked
    with pytest.raises(ConfigError, match=r"model\.exemplars=2, but model chest was trained with 5"):
        choose(ModelSettings(exemplars=2), "chest", "causal", trained)


def test_three_reports_are_shown_where_no_setting_says_otherwise() -> None:
    assert choose(ModelSettings(prompt="similar-findings-v1"), "hub", "t5", {}).exemplars == 3
    assert choose(ModelSettings(prompt="similar-findings-v1", exemplars=1), "hub", "t5", {}).exemplars == 1
    assert choose(ModelSettings(), "hub", "t5", {}).provenance == {
        "task": "impression",
        "prompt_id": "background-findings-v1",
    }


def test_exemplars_under_a_prompt_that_shows_none_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"model\.exemplars=2, but prompt sections-v1 shows none"):
        refuse_unknown(ModelSettings(prompt="sections-v1", exemplars=2))


class _Pair:
    """A pair of findings and impression."""

    def __init__(self, findings: str, impression: str) -> None:
        self.findings, self.impression = findings, impression


PICKED = (_Pair("Clear lungs.", "Normal."), _Pair("Small nodule.", "Nodule."))


def test_fixed_exemplars_are_shown_before_every_report() -> None:
    asked = find_prompt("pairs-sections-v1", 5).showing(PICKED, "hub", {})
    report = {"findings": "Effusion.", "background": None}
    assert unmark(asked.fill(report)).text == (
        "Write the impression of each radiology report in as few words as its findings allow.\n"
        "Findings: Clear lungs.\nImpression: Normal.\nFindings: Small nodule.\nImpression: Nodule.\n"
        "Findings: Effusion.\nImpression:"
    )
    assert asked.fill(report, PICKED[:1]) == asked.fill(report)
    assert asked.exemplars == 0
    assert asked.provenance == {"task": "impression", "prompt_id": "pairs-sections-v1", "fixed_exemplars": 2}
    # who learns of a report is not shown its answer, however its findings are written
    alone = asked.beside("CLEAR lungs")
    assert unmark(alone.fill(report)).text.count("Impression:") == 2
    assert alone.beside("Small nodule").fill(report) == find_prompt("pairs-sections-v1").fill(report)
    assert find_prompt("sections-v1").showing((), "hub", {}) == find_prompt("sections-v1")
    # no text in what a log may get
    assert "nodule" not in repr(asked)


def test_fixed_exemplars_are_in_the_key_of_a_run() -> None:
    asked = find_prompt("pairs-sections-v1")
    assert asked.decides == {}
    keys = [asked.showing(its, "hub", {}).decides for its in (PICKED, PICKED[::-1], PICKED[:1])]
    assert keys[0] == {"exemplars": [["Clear lungs.", "Normal."], ["Small nodule.", "Nodule."]]}
    assert keys[0] != keys[1] != keys[2]


def test_exemplars_that_a_model_or_a_prompt_does_not_show_are_refused() -> None:
    with pytest.raises(ConfigError, match=r"model\.exemplars_file is set, but prompt sections-v1 shows no exemplars"):
        find_prompt("sections-v1").showing(PICKED, "chest", {})
    trained = {"prompt_id": "pairs-sections-v1", "exemplars": 3}
    with pytest.raises(ConfigError, match="model chest was trained without"):
        find_prompt("pairs-sections-v1").showing(PICKED, "chest", trained)
