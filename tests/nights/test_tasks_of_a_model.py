"""The tasks that one loaded model can be asked: in one form of prompts, decoded in one way."""

from dataclasses import replace

import pytest

from radray.errors import ConfigError
from radray.models.families.t5.tiny import build_tiny
from radray.models.folder import ModelFolder, open_model
from radray.models.manifest import write_manifest
from radray.nights.answers.night import tasks_of
from radray.settings.loading import load_settings
from radray.settings.model import TinySettings
from radray.tasks import registry
from radray.tasks.impression.task import IMPRESSION
from tests.support.tasks import SIDES, SIZE

LEARNT = {"tasks": {task.id: task.defaults["t5"] for task in (SIDES, SIZE)}}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ModelFolder:
    folder = tmp_path_factory.mktemp("model")
    size = TinySettings(vocab_size=300, d_model=16, d_ff=24, num_layers=1, num_heads=2)
    build_tiny(["small left effusion"], folder, size=size, seed=1)
    write_manifest(folder, "tiny", LEARNT)
    return open_model(str(folder))


def test_tasks_that_are_decoded_alike_share_a_model(model: ModelFolder, monkeypatch: pytest.MonkeyPatch) -> None:
    for task in (SIDES, SIZE):
        monkeypatch.setitem(registry.TASKS, task.id, task)
        monkeypatch.setitem(registry.ANSWER_TASKS, task.id, task)
    settings = load_settings((), ["tasks=sides,size"])
    ((_, asked),) = tasks_of(settings, [model])
    assert [its.task.id for its in asked] == ["sides", "size"]
    longer = replace(SIZE, decode=lambda given: given.model_copy(update={"max_new_tokens": 7}))
    monkeypatch.setitem(registry.ANSWER_TASKS, "size", longer)
    with pytest.raises(ConfigError, match="tasks: their answers are decoded in several ways: run the tasks apart"):
        tasks_of(settings, [model])
    ((_, alone),) = tasks_of(load_settings((), ["tasks=size"]), [model])
    assert alone[0].task.decode(settings.generate).max_new_tokens == 7


def test_impressions_are_decoded_as_is_set() -> None:
    settings = load_settings((), ["generate.num_beams=3"]).generate
    assert IMPRESSION.decode(settings) == settings
    assert SIDES.decode(settings).num_beams == 1
