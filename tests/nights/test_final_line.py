"""The final line of a nightly job: one line of JSON that adds up, and who gets a message when the job failed."""

import datetime
import json
import threading
import time
from collections import Counter
from collections.abc import Mapping
from types import MappingProxyType

import boto3
import pytest
from botocore.stub import Stubber

from radray.errors import ConfigError
from radray.nights import notify as telling
from radray.nights.final_line import FinalLine, Outcome
from radray.nights.notify import notify, publish
from radray.settings.loading import dump_settings, load_settings
from radray.settings.notify import NotifySettings
from tests.support.worlds.webhook import webhook

TOPIC = "arn:aws:sns:eu-central-1:123456789012:radray"


def outcome(
    reports: int, failed: dict[str, int], deferred: Mapping[str, int] = MappingProxyType({}), /, **figures: float
) -> Outcome:
    counted = Counter(failed)
    return Outcome(reports, reports - counted.total(), counted, 10, 20, 5, Counter(deferred), figures)


def test_the_line_adds_up_what_was_done() -> None:
    line = FinalLine("generate", price_per_hour=36.0)
    line.nights = [datetime.date(2026, 11, 1), datetime.date(2026, 11, 2)]
    line.refused = [datetime.date(2026, 11, 2)]
    line.add_prepared("prepare-1", 130, 110)
    line.add_examples("prepare-2", 40, 30)
    line.add_examples("prepare-3", 20, 20)
    line.add_generated("generate-1", outcome(110, {"timeout": 2}, {"withdrawn": 110}, gpu_seconds=7.5))
    line.add_generated(
        "generate-2", outcome(110, {"timeout": 1, "empty_output": 1}, {"no_prediction": 2}, gpu_seconds=2.5)
    )
    line.add_answers("generate-3", "labels", Counter(ok=20, not_asked=1, unparsed=2), {"gpu_seconds": 1.5})
    line.add_answers("generate-4", "labels", Counter(ok=5, unparsed=1), {"gpu_seconds": None})
    line.there = 1
    line.error = "GateError"
    line.began -= 100.0
    text = line.json(3)
    assert "\n" not in text
    values = json.loads(text)
    seconds, rate, cost = values.pop("seconds"), values.pop("reports_per_second"), values.pop("cost")
    assert seconds == pytest.approx(100, abs=1)
    assert rate == pytest.approx(2.2, abs=0.05)
    assert cost == pytest.approx(1.0, abs=0.05)
    assert values == {
        "text": "radray generate 2026-11-01 to 2026-11-02: exit code 3 (GateError)",
        **{"job": "generate", "exit_code": 3, "error": "GateError", "date": "2026-11-01", "until": "2026-11-02"},
        **{
            "nights": 2,
            "nights_refused": ["2026-11-02"],
            "nights_unanswered": [],
            "nights_empty": [],
            "units": 130,
            "units_ok": 110,
            "examples": 60,
            "examples_ok": 50,
            "reports": 220,
            "ok": 216,
        },
        **{"resumed": 20, "copied": 40, "repeated": 10, "failed": {"empty_output": 1, "timeout": 3}},
        "deferred": {"no_prediction": 2, "withdrawn": 110},
        "tasks": {"labels": {"not_asked": 1, "ok": 25, "unparsed": 3}},
        **{
            "partitions_there": 1,
            "gpu_seconds": 11.5,
            "run_ids": [*(f"prepare-{i}" for i in (1, 2, 3)), *(f"generate-{i}" for i in (1, 2, 3, 4))],
        },
        "unaudited": 0,
    }


def test_a_job_that_never_began_has_a_line_too() -> None:
    line = json.loads(FinalLine("generate", error="ConfigError").json(2))
    assert line["text"] == "radray generate: exit code 2 (ConfigError)"
    assert (line["date"], line["until"], line["reports"], line["cost"], line["run_ids"]) == (None, None, 0, None, [])


def test_an_outcome_says_counts_speed_and_cost_in_words() -> None:
    figures = {"seconds_engine": 3.0, "seconds_staged": 20.0, "seconds_committed": 2.0, "gpu_seconds": 80.0}
    counts = outcome(110, {"timeout": 2, "empty_output": 1}, **figures, cost=1.5)
    assert counts.describe_failures() == ", 3 failed (2 timeout, 1 empty_output)"
    assert counts.describe_times() == (
        "engine 3.0 s, staged 20.0 s (4.0 reports/s), committed 2.0 s (55.0 reports/s), 80 GPU s, cost 1.50"
    )
    assert outcome(0, {}).describe_failures() == ""


def test_the_webhook_gets_the_very_line() -> None:
    line = FinalLine("generate", error="GateError").json(3)
    with webhook(204) as (url, received):
        assert notify(NotifySettings(webhook=url), line) == []
    assert [each.body for each in received] == [line.encode()]


def test_a_webhook_that_fails_is_told_without_its_url_and_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "TIMEOUT_S", 0.2)
    with webhook(500) as (url, received):
        assert notify(NotifySettings(webhook=url), "{}") == ["notify.webhook was not told: HTTP 500"]
    assert [each.body for each in received] == [b"{}"]
    (failure,) = notify(NotifySettings(webhook=url), "{}")  # nobody listens any more
    assert failure == "notify.webhook was not told: URLError"
    with webhook(200, delay=threading.Event()) as (url, received):
        began = time.monotonic()
        (failure,) = notify(NotifySettings(webhook=url), "{}")
        assert time.monotonic() - began < 10
        assert failure == "notify.webhook was not told: TimeoutError"
        assert [each.body for each in received] == [b"{}"]  # it had come, and nothing was answered


def test_the_topic_gets_the_very_line() -> None:
    line = FinalLine("generate", error="InputError").json(3)
    client = boto3.client("sns", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    expected = {"TopicArn": TOPIC, "Subject": "radray generate: exit code 3 (InputError)", "Message": line}
    with Stubber(client) as stub:
        stub.add_response("publish", {"MessageId": "1"}, expected)
        publish(client, TOPIC, line)
        stub.assert_no_pending_responses()


def test_a_topic_that_refuses_raises_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    client = boto3.client("sns", region_name="eu-central-1", aws_access_key_id="a", aws_secret_access_key="b")
    monkeypatch.setattr(telling, "sns_client", lambda _: client)
    line = FinalLine("generate").json(1)
    with Stubber(client) as stub:
        stub.add_client_error("publish", "AuthorizationError")
        assert notify(NotifySettings(sns_topic_arn=TOPIC), line) == [
            "notify.sns_topic_arn was not told: AuthorizationErrorException"
        ]
        stub.assert_no_pending_responses()


def test_the_client_is_that_of_the_topics_region_and_gives_up_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-west-2")
    client = telling.sns_client(TOPIC)
    assert client.meta.region_name == "eu-central-1"
    assert (client.meta.config.connect_timeout, client.meta.config.read_timeout) == (5, 5)


def test_a_webhook_is_https_and_is_not_kept_with_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK", "https://example.org/T0/secret")
    settings = load_settings((), ["notify.webhook=env:WEBHOOK", f"notify.sns_topic_arn={TOPIC}"])
    assert settings.notify.webhook == "https://example.org/T0/secret"
    assert "secret" not in dump_settings(settings)
    assert TOPIC in dump_settings(settings)
    for wrong in ("http://example.org/x", "ftp://x"):
        monkeypatch.setenv("WEBHOOK", wrong)
        with pytest.raises(ConfigError, match=r"notify\.webhook"):
            load_settings((), ["notify.webhook=env:WEBHOOK"])
    with pytest.raises(ConfigError, match=r"notify\.sns_topic_arn"):
        load_settings((), ["notify.sns_topic_arn=radray"])
