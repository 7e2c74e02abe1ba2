import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radray.tables import identity
from radray.tables.identity import digest, digest_columns, run_key

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


@given(st.lists(st.tuples(st.none() | st.text(max_size=4), st.none() | st.text(max_size=4)), max_size=7))
def test_columns_have_the_digest_of_their_values_however_they_are_read(
    rows: list[tuple[str | None, str | None]],
) -> None:
    schema = pa.schema({"b": pa.string(), "a": pa.string()})
    table = pa.table({"b": [b for _, b in rows], "a": [a for a, _ in rows]}, schema)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(identity, "_DIGEST_ROWS", 3)
        assert digest_columns(table, ["a", "b"]) == digest([[a for a, _ in rows], [b for _, b in rows]])
