import pytest

from radray.tables import identity
from radray.tables.identity import digest, run_key

DECIDES = {"date": "2026-11-21", "model": "m", "generation": {"num_beams": 4, "max_new_tokens": 128}}


def test_digest_is_sha256_of_canonical_json() -> None:
    # printf '{"a":1,"b":[true,null]}' | sha256sum
    expected = "1cc69c7fa23616ca2ec3ee70d24390a6225c8832db8a4c814c7e0e7f942f8668"
    assert digest({"b": [True, None], "a": 1}) == expected


def test_run_key_ignores_order() -> None:
    reordered = {"generation": {"max_new_tokens": 128, "num_beams": 4}, "model": "m", "date": "2026-11-21"}
    assert run_key("generate", DECIDES) == run_key("generate", reordered)


@pytest.mark.parametrize(
    "other", [{"date": "2026-11-22"}, {"model": "n"}, {"generation": {"num_beams": 5, "max_new_tokens": 128}}]
)
def test_run_key_changes_with_all_that_decides_rows(other: dict[str, object]) -> None:
    assert run_key("generate", DECIDES | other) != run_key("generate", DECIDES)
    assert run_key("prepare", DECIDES) != run_key("generate", DECIDES)


def test_rows_version_makes_nights_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    before = run_key("generate", DECIDES)
    monkeypatch.setattr(identity, "ROWS_VERSION", identity.ROWS_VERSION + 1)
    assert run_key("generate", DECIDES) != before


def test_run_ids_differ() -> None:
    assert len({identity.new_run_id("prepare") for _ in range(100)}) == 100
