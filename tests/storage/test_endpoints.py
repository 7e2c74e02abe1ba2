"""An S3 endpoint off loopback is https, whether a setting or the environment names it."""

import pytest

from radray.errors import ConfigError
from radray.settings.loading import load_settings
from radray.settings.warehouse import S3Settings
from radray.storage.s3 import S3Access

CLEAR = (
    *("http://s3.hospital.example", "http://10.0.0.5:9000", "http://localhost.example:9000", "http://127.1:9000"),
    *("http://[2001:db8::1]:9000", "http://0.0.0.0:9000", "http://127.0.0.1.example"),
)


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9000", "http://localhost:9000", "https://10.0.0.5:9000"])
def test_https_or_loopback_is_taken(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert S3Access.resolve(S3Settings(endpoint=endpoint, path_style=True)).endpoint == endpoint
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", endpoint)
    assert S3Access.resolve(S3Settings(path_style=True)).endpoint == endpoint


@pytest.mark.parametrize("endpoint", CLEAR)
def test_clear_text_to_another_machine_is_refused(endpoint: str) -> None:
    with pytest.raises(ConfigError, match=r"warehouse\.s3\.endpoint: .*must be https://"):
        load_settings((), [f"warehouse.s3.endpoint={endpoint}", "warehouse.s3.path_style=true"])


@pytest.mark.parametrize("name", ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])
@pytest.mark.parametrize("endpoint", [*CLEAR, "http://127.0.0.1@s3.example", "HTTP://s3.example", "s3.example:9000"])
def test_the_environments_endpoint_is_held_to_it_too(name: str, endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL_S3", raising=False)
    monkeypatch.setenv(name, endpoint)
    with pytest.raises(ConfigError, match=f"^{name}: .*must be https://"):
        S3Access.resolve(S3Settings(path_style=True))
