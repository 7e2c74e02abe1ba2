"""Settings: files, overrides, bounds, and one line for what is wrong."""

import datetime
from pathlib import Path

import pytest

from radray.errors import ConfigError
from radray.settings.loading import dump_settings, load_settings
from radray.settings.root import Settings


def test_no_settings_are_the_defaults() -> None:
    settings = load_settings()
    assert settings == Settings()
    assert settings.model.init == "hf://google/flan-t5-xl"
    assert settings.date == datetime.date(1970, 1, 1)
    assert settings.split.validation_fraction == 0.05


def test_later_wins_and_sections_merge(tmp_path: Path) -> None:
    first, second = tmp_path / "a.yaml", tmp_path / "b.yaml"
    first.write_text("train: {epochs: 5, batch_size: 8}\nsplit: test\n")
    second.write_text("train: {epochs: 6}\n")
    settings = load_settings([str(first), str(second)], ["train.batch_size=16", "split.seed=4"])
    assert (settings.train.epochs, settings.train.batch_size) == (6, 16)
    assert (settings.split.name, settings.split.seed) == ("test", 4)


@pytest.mark.parametrize("overrides", [["split=validation", "split.seed=1"], ["split.seed=1", "split=validation"]])
def test_split_as_one_value_keeps_the_rest_of_its_section(overrides: list[str]) -> None:
    assert load_settings((), overrides).split.name == "validation"
    assert load_settings((), overrides).split.seed == 1


@pytest.mark.parametrize("value", ["labels,devices", "labels, devices", "[labels, devices]"])
def test_tasks_are_listed_with_commas_or_as_yaml(value: str) -> None:
    assert load_settings(overrides=[f"tasks={value}"]).tasks == ("labels", "devices")


def test_values_are_yaml() -> None:
    settings = load_settings((), ["model.uri=[a, b]", "train.max_steps=null", "date=2026-11-21", "source.dataset=2024"])
    assert settings.model.uri == ("a", "b")
    assert settings.train.max_steps is None
    assert settings.date == datetime.date(2026, 11, 21)
    assert settings.source.dataset == "2024"
    assert load_settings((), ["model.uri=out/model"]).model.uri == ("out/model",)


def test_dumped_settings_read_back_the_same(tmp_path: Path) -> None:
    settings = load_settings((), ["model.uri=[a, b]", "date=2026-11-21", "split=live", "evaluate.published=x.json"])
    file = tmp_path / "dump.yaml"
    file.write_text(dump_settings(settings))
    assert load_settings([str(file)]) == settings


@pytest.mark.parametrize(
    ("override", "says"),
    [
        ("train.epoch=3", "unknown setting train.epoch; the nearest is train.epochs"),
        ("warehous.uri=x", "unknown setting warehous; the nearest is warehouse.uri"),
        ("train=3", "train is a section; set one of its keys, such as train.epochs"),
        ("train.epochs=0", "train.epochs: Input should be greater than or equal to 1"),
        ("train.precision=fp16", "train.precision: fp16 is not offered: T5's feed-forward output overflows it"),
        (
            "train={best_by: last, early_stop_after: 2}",
            "train: train.best_by=last has no figure that train.early_stop_after could wait for",
        ),
        ("train={workers: 2, sharding: none}", "train: train.sharding=none is for one worker; use ddp or fsdp"),
        ("train.learning_rate=nan", "train.learning_rate: "),
        ("split.validation_fraction=0.9", "split.validation_fraction: Input should be less than or equal to 0.5"),
        ("split=tests", "split.name: Input should be 'train', 'validation', 'test' or 'live'"),
        ("generate.num_return_sequences=9", "generate.num_return_sequences must not exceed generate.num_beams"),
        ("date=21.11.2026", "date: expected a date as YYYY-MM-DD"),
        ("date=20261121", "date: expected a date as YYYY-MM-DD"),
        ("date=2026-02-30", "date: "),
        ("warehouse.uri=s3://bucket/x", "needs warehouse.catalog_uri"),
        ("warehouse.catalog_uri=s3://bucket/c.db", "is the path of a local SQLite file"),
        ("source.dataset=a/b", "source.dataset: "),
        ("source.format=docx", "source.format: Input should be 'auto', 'mimic_zip'"),
        ("train.epochs", "expected key=value"),
        ("=3", "expected key=value"),
        ("model.out=[", "model.out: the value is not YAML"),
    ],
)
def test_what_is_wrong_is_one_line(override: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_settings((), [override])
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "No such file"),
        ("- a\n- b\n", "expected a mapping"),
        ("a: [", "not YAML"),
        ("nope: {a: 1}", "unknown setting"),
    ],
)
def test_a_bad_file_is_named(tmp_path: Path, content: str | None, says: str) -> None:
    file = tmp_path / "settings.yaml"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigError, match=says):
        load_settings([str(file)])


def test_an_empty_file_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "empty.yaml"
    file.write_text("")
    assert load_settings([str(file)]) == Settings()


@pytest.mark.parametrize("role", ["radray-tables", "arn:aws:iam::1:role/x", "arn:aws:s3:::bucket"])
def test_a_role_that_is_none_is_refused(role: str) -> None:
    with pytest.raises(ConfigError, match=r"maintain\.glue_role_arn: "):
        load_settings((), [f"maintain.glue_role_arn={role}"])


def test_whom_to_erase_is_never_in_what_is_kept_of_settings(tmp_path: Path) -> None:
    file = tmp_path / "erase.yaml"
    file.write_text("maintain: {erase_subject_id: 'canary-77'}\n")
    (tmp_path / "id.txt").write_text("canary-77\n")
    overrides = [f"maintain.erase_subject_id=file:{tmp_path}/id.txt"]
    for settings in (load_settings([str(file)]), load_settings((), overrides)):
        assert settings.maintain.erase_subject_id == "canary-77"
        assert "canary" not in dump_settings(settings)
        assert "erase_subject_id" not in dump_settings(settings)
