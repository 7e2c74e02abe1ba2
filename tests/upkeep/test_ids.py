"""Where an id is one, and where the same characters are something else."""

import pytest

from radray.upkeep.ids import Ids, is_distinctive, is_in

MRN = "40017723"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (f"MRN {MRN}.", "MRN ________."),
        (f"p{MRN}/s{MRN}.txt", "p________/s________.txt"),
        (f"{MRN}_{MRN}", "________" + "_" + "________"),
        (f"9{MRN}", None),
        (f"{MRN}0", None),
        (f"0.{MRN}", None),
        (f"{'ab' * 10}{MRN}{'cd' * 10}", None),  # a digest
        ("", None),
    ],
)
def test_an_id_stands_alone(text: str, masked: str | None) -> None:
    ids = Ids([MRN])
    assert ids.masked(text) == (text if masked is None else masked)
    assert ids.within(text) is (masked is not None)
    assert ids.masked(text, own=[MRN]) == text


def test_the_longer_of_two_ids_is_masked_whole_and_none_masks_nothing() -> None:
    assert Ids(["ACC-12345", "12345678", "ACC-12345-6"]).masked("ACC-12345-6 acc-12345") == "_" * 11 + " " + "_" * 9
    assert Ids([]).masked(MRN) == MRN
    assert not Ids([]).within(MRN)


@pytest.mark.parametrize(
    ("identifier", "distinctive"),
    [
        *((MRN, True), ("canary-77", True), ("s50414267", True), ("123456", True), ("1.2.840.10008.5", True)),
        *(("12345", False), ("hospital", False), ("20261121", False), ("2026-11-21", False), ("21112026", False)),
        ("20269921", True),  # no date
    ],
)
def test_words_dates_and_short_ids_may_be_something_else(identifier: str, distinctive: bool) -> None:
    assert is_distinctive(identifier) is distinctive


@pytest.mark.parametrize(
    ("content", "held"),
    [
        (b'{"subject": "40017723"}', True),
        (b'{"subject_id": 40017723}', True),
        (b'{"snapshot-id":940017723,"x":"40017723"}', True),
        (b'{"added-files-size": "40017723"}', False),
        (b'{"bytes": 40017723}', False),
        (b'{"snapshot-id": 940017723}', False),
        (b"prepare-40017723T000000-aaaaaaaa.00000000/part", False),
        (b"9c40017723e1a2b3c4d5e6f708192a3b4c5d6e7f", False),
        (b"40017723-1a2b-3c4d-9e8f-0123456789ab", False),
        (b"\x1040017723\x02", True),
    ],
)
def test_system_values_that_hold_the_characters_are_no_trace(content: bytes, held: bool) -> None:
    assert is_in(content, MRN.encode(), as_text=content.startswith(b"{")) is held


def test_a_byte_of_length_before_a_value_does_not_hide_it() -> None:
    longer = b"400177234001772340017723"  # 24 characters: Avro writes their number as the byte of "0"
    assert is_in(b"\x01\x02" + bytes([2 * len(longer)]) + longer + b"\x00", longer)
    digest = b"ab" * 20
    assert is_in(b"P" + digest + b"\x02", digest)


def test_a_longer_value_of_another_is_no_trace() -> None:
    assert not is_in(b"\x14400177231\x00", MRN.encode(), [b"400177231"])
    assert is_in(b"\x14400177231\x1040017723\x00", MRN.encode(), [b"400177231"])
    assert not is_in(b"", MRN.encode())
