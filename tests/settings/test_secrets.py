"""Secrets and ids of patients among the settings: by file or environment, and on no command line."""

import sys
from pathlib import Path

import pytest

from jobs import maintain, submit
from radray.errors import ConfigError
from radray.settings.loading import load_settings

WEBHOOK = "https://hooks.example.org/T0/canary"


@pytest.mark.parametrize("word", ["notify.webhook={}", "notify={{webhook: '{}'}}", "maintain.erase_subject_id={}"])
def test_a_secret_on_a_command_line_is_refused_with_the_lever(word: str) -> None:
    with pytest.raises(ConfigError, match=r"=file:PATH \(one line\) or (notify|maintain)\.\w+=env:NAME") as refused:
        load_settings((), [word.format(WEBHOOK)])
    assert "canary" not in str(refused.value)


def test_none_is_no_secret() -> None:
    assert load_settings((), ["notify.webhook=null"]).notify.webhook is None


def test_it_is_read_from_a_file_or_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hook").write_text(f"{WEBHOOK}\n")
    monkeypatch.setenv("HOOK", WEBHOOK)
    config = tmp_path / "night.yaml"
    config.write_text(f"notify: {{webhook: 'file:{tmp_path}/hook'}}\n")
    for given in ((), [f"notify.webhook=file:{tmp_path}/hook"], ["notify.webhook=env:HOOK"]):
        assert load_settings([str(config)], given).notify.webhook == WEBHOOK
    config.write_text(f"notify: {{webhook: '{WEBHOOK}'}}\n")
    assert load_settings([str(config)]).notify.webhook == WEBHOOK


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "the file cannot be read: No such file"),
        (b"", r"expected a file of one line, got 0"),
        (b"canary-1\ncanary-2\n", r"expected a file of one line, got 2"),
        (b"\xffcanary", r"the file cannot be read: not text in UTF-8"),
    ],
)
def test_a_file_without_one_line_is_refused_by_its_name(content: bytes | None, message: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "id").write_bytes(content)
    with pytest.raises(ConfigError, match=rf"^maintain\.erase_subject_id=file:{tmp_path}/id: {message}") as refused:
        load_settings((), [f"maintain.erase_subject_id=file:{tmp_path}/id"])
    assert "canary" not in str(refused.value)


@pytest.mark.parametrize("value", [None, " "])
def test_a_variable_that_is_not_set_is_refused(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WHOM", raising=False)
    if value is not None:
        monkeypatch.setenv("WHOM", value)
    with pytest.raises(ConfigError, match="the environment variable WHOM is not set, or empty"):
        load_settings((), ["maintain.erase_subject_id=env:WHOM"])


def test_a_submission_names_where_a_secret_is_and_reads_none(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["warehouse.uri=s3://bucket/radray", "warehouse.catalog=glue", "--dry-run"]
    monkeypatch.setattr(sys, "argv", ["submit", "maintain", "maintain.erase_subject_id=file:/run/patient", *words])
    assert submit.main() == 0  # the file is on the cluster, and not here
    assert "jobs.maintain maintain.erase_subject_id=file:/run/patient" in capsys.readouterr().out
    monkeypatch.setattr(sys, "argv", ["submit", "maintain", "maintain.erase_subject_id=canary-7", *words])
    assert submit.main() == 2
    assert "canary" not in "".join(capsys.readouterr())


def test_a_config_file_with_a_secret_is_not_shipped(tmp_path: Path) -> None:
    config = tmp_path / "night.yaml"
    config.write_text(f"notify: {{webhook: '{WEBHOOK}'}}\n")
    with pytest.raises(ConfigError, match=r"notify\.webhook stands in a --config file, which is shipped") as refused:
        load_settings([str(config)], for_another_machine=True)
    assert "canary" not in str(refused.value)


def test_a_dry_run_shows_no_secret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("WHOM", "canary-7")
    words = ["maintain.erase_subject_id=env:WHOM", f"warehouse.uri={tmp_path}", "--dry-run", "--all"]
    monkeypatch.setattr(sys, "argv", ["maintain", *words])
    assert maintain.main() == 0
    assert "canary" not in "".join(capsys.readouterr())
