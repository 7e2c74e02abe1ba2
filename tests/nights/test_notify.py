"""Where a notice may be posted, and that it goes there and nowhere else."""

import re

import pytest

from radray.errors import ConfigError
from radray.nights.notify import notify
from radray.settings.loading import load_settings
from radray.settings.notify import NotifySettings
from tests.support.worlds.webhook import webhook

LINE = '{"text": "radray generate: exit code 1"}'


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_is_no_success(status: int) -> None:
    with (
        webhook(200) as (other, elsewhere),
        webhook(status, other) as (url, requests),
    ):
        assert notify(NotifySettings(webhook=url), LINE) == [f"notify.webhook was not told: HTTP {status}"]
    assert ([each[:2] for each in requests], elsewhere) == ([("POST", "/secret")], [])


@pytest.mark.parametrize("target", ["file:///etc/hostname", "ftp://127.0.0.1:1/x", "//169.254.169.254/latest", "x"])
def test_a_redirect_to_another_scheme_or_host_is_not_followed(target: str) -> None:
    with webhook(302, target) as (url, _):
        assert notify(NotifySettings(webhook=url), LINE) == ["notify.webhook was not told: HTTP 302"]


def test_a_notice_on_loopback_passes_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("no_proxy", raising=False)
    with webhook(200) as (proxy, through), webhook(204) as (url, requests):
        monkeypatch.setenv("http_proxy", proxy)
        assert notify(NotifySettings(webhook=url), LINE) == []
    assert ([each[:2] for each in requests], through) == ([("POST", "/secret")], [])


@pytest.mark.parametrize(
    "url",
    [
        *("https://hooks.chat.example/services/T0/B0/x", "https://chat.hospital.example:8443/x?channel=1"),
        *("https://10.20.30.40/hook", "https://[fd12:3456::1]:8443/hook", "https://192.168.1.5"),
        *("http://localhost:9093/x", "http://127.0.0.1/x", "http://[::1]:9093/x", "https://xn--mnchen-3ya.example/x"),
    ],
)
def test_a_receiver_is_https_anywhere_or_http_on_loopback(url: str) -> None:
    assert NotifySettings(webhook=url).webhook == url


@pytest.mark.parametrize(
    "url",
    [
        # clear text off this machine, also where the name only begins as this machine's does
        *(
            "http://chat.example/x",
            "http://10.0.0.1/x",
            "http://localhost.chat.example/x",
            "http://127.0.0.1.example/x",
        ),
        *("http://127.1/x", "http://0/x", "http://2130706433/x", "ftp://localhost/x", "file:///etc/passwd", "//chat/x"),
        # a user before the host, which readers mistake for it
        *("https://user:pw@chat.example/x", "http://127.0.0.1@chat.example/x", "http://localhost:80@chat.example/x"),
        *("https://chat.example\\@evil.example/x", "https://@chat.example/x"),
        # where clouds give a machine's credentials away, in each of its spellings
        *(
            "https://169.254.169.254/latest",
            "https://[::ffff:169.254.169.254]/",
            "https://[fe80::1]/",
            "https://0xa9fea9fe/",
        ),
        *("https://2852039166/x", "https://169.254.43518/x", "https://169.254.169.254./x", "https://[fd00:ec2::254]/x"),
        *("https://[fe80::1%25eth0]/x", "https://0.0.0.0/x", "https://[::]/x", "https://224.0.0.1/x"),
        # no URL of one host and one port
        *("https://", "https:///x", "https://chat.example:x/", "https://chat.example:99999/", "https://[chat]/"),
        *("https://a b/x", "https://chat.example/a b", "https://chat.example\n/x", "https://ch\u00e4t.example/x"),
    ],
)
def test_any_other_receiver_is_refused_without_its_url(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RECEIVER", url)
    with pytest.raises(ConfigError, match=r"^notify\.webhook: ") as caught:
        load_settings((), ["notify.webhook=env:RECEIVER"])
    assert not re.search("chat|evil|etc|latest|pw@|254", str(caught.value))
