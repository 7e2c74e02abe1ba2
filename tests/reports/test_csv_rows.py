import csv
import io
import time
import tracemalloc
from collections.abc import Sequence
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radray.errors import InputError
from radray.reports.archives.member import BrokenStream
from radray.reports.record.record import MAX_REPORT_BYTES
from radray.reports.wire.csv_rows import read_csv
from radray.schema.statuses import RejectReason
from tests.support.inputs.mutate import mutations

BAD = RejectReason.MALFORMED


def rows(data: str | bytes, wanted: Sequence[str] = ("a", "b")) -> list[Any]:
    data = data if isinstance(data, bytes) else data.encode()
    file = io.BytesIO(data)
    pairs = [(row.line, row.cells if row.problem is None else row.problem) for row in read_csv(file, wanted).rows]
    assert not file.closed
    return pairs


def test_a_row_knows_its_line_and_cells() -> None:
    assert rows('a,b\n1,x\n\n2,"y\nz"\r\n3,w\r4,"a ""b"", c"') == [
        (2, ("1", "x")),
        (5, ("2", "y\nz")),
        (6, ("3", "w")),
        (7, ("4", 'a "b", c')),
    ]


def test_a_stray_quote_costs_its_own_line_and_the_next_ones_are_reread() -> None:
    assert rows('a,b\n1,"x\n2,y\n3,z\n') == [(2, BAD), (3, ("2", "y")), (4, ("3", "z"))]
    assert rows('a,b\n1,"x\n2,y\n3,"z"\n4,w\n') == [(2, BAD), (3, ("2", "y")), (4, ("3", "z")), (5, ("4", "w"))]
    # where the quote is closed by accident and the cells do not fit, likewise
    assert rows('a,b\n1,"x\n2,y\n3",z,w\n4,w\n') == [(2, BAD), (3, ("2", "y")), (4, BAD), (5, ("4", "w"))]


def test_a_row_that_a_quote_makes_too_large_costs_its_own_line() -> None:
    good = "".join(f"{number},{'x' * 1000}\n" for number in range(1100))
    pairs = rows(f'a,b\n0,"x\n{good}')
    assert pairs[0] == (2, RejectReason.TOO_LARGE)
    assert [cells[0] for _, cells in pairs[1:]] == [str(number) for number in range(1100)]
    assert [line for line, _ in pairs] == list(range(2, 1103))


def test_a_long_line_is_one_row_and_is_not_kept() -> None:
    line = b"1," + b"x" * (20 << 20) + b"\n"
    tracemalloc.start()
    assert rows(b"a,b\n" + line + b"2,y\n") == [(2, RejectReason.TOO_LARGE), (3, ("2", "y"))]
    assert tracemalloc.get_traced_memory()[1] < 100 << 20  # the input three times, none of it in pieces
    tracemalloc.stop()


def test_a_row_at_the_limit_is_read() -> None:
    text = "x" * (MAX_REPORT_BYTES - 3)
    assert rows(f"a,b\n1,{text}\n2,{text}y\n") == [(2, ("1", text)), (3, RejectReason.TOO_LARGE)]


def test_rows_are_utf8_or_windows_1252_each_on_its_own() -> None:
    assert rows(b"a,b\n1,\xc2\xb0\n2,\xb0\n3,\xc2\xb0\xb0\n4,\x81\n5,\x00\n") == [
        (2, ("1", "\u00b0")),
        (3, ("2", "\u00b0")),
        (4, ("3", "\u00b0\u00b0")),
        (5, RejectReason.BAD_ENCODING),
        (6, RejectReason.BAD_ENCODING),
    ]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_is_read_and_a_cut_character_is_a_row(encoding: str) -> None:
    data = "\ufeffa,b\r\n1,\u00b0\U0001fac1\r\n2,yz".encode(encoding)
    assert rows(data) == [(2, ("1", "\u00b0\U0001fac1")), (3, ("2", "yz"))]
    assert rows(data[:-1]) == [(2, ("1", "\u00b0\U0001fac1")), (3, RejectReason.BAD_ENCODING)]


class Broken(io.RawIOBase):
    """A stream that breaks after its data, a few bytes at a time."""

    def __init__(self, data: bytes, error: Exception) -> None:
        self.data, self.error = data, error

    def read(self, size: int = -1) -> bytes:
        if not self.data:
            raise self.error
        some, self.data = self.data[:3], self.data[3:]
        return some


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (BrokenStream(RejectReason.TOO_LARGE), RejectReason.TOO_LARGE),
        (EOFError("cut"), RejectReason.TRUNCATED),
    ],
)
def test_where_the_stream_breaks_the_last_row_says_why(error: Exception, reason: RejectReason) -> None:
    table = read_csv(cast(BinaryIO, Broken(b"a,b\n1,x\n2,y", error)), ("a", "b"))
    assert [row.problem for row in table.rows] == [None, reason]
    with pytest.raises(InputError, match=f"found a first line that is {reason.value.replace('_', ' ')}"):
        read_csv(cast(BinaryIO, Broken(b"a,", error)), ("a", "b"))


def test_the_limit_of_the_csv_module_is_as_before() -> None:
    before = csv.field_size_limit()
    assert len(rows("a,b\n1," + "x" * 200_000 + "\n")) == 1
    assert csv.field_size_limit() == before


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(st.text(st.sampled_from('ab ",\n\r\u00b0'), max_size=6), min_size=2, max_size=2), max_size=6))
def test_what_was_written_is_read(table: list[list[str]]) -> None:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, quoting=csv.QUOTE_ALL).writerows([["a", "b"], *table])
    assert [cells for _, cells in rows(buffer.getvalue())] == [tuple(cells) for cells in table]


@settings(max_examples=300, deadline=None)
@given(st.text(st.sampled_from('ab",\n\r1')))
def test_no_line_is_lost(text: str) -> None:
    # every character but quotes, commas and line ends is in some row, once
    texts = []
    for row in read_csv(io.BytesIO(b"a,b\n" + text.encode()), ("a", "b")).rows:
        texts.append("".join(row.cells))
    for letter in "ab1":
        assert "".join(texts).count(letter) == text.count(letter)


@pytest.mark.parametrize("line", ['x","y', '1,"x', '"', '1,"",""', '","', '1,"x"y'])
def test_quotes_of_any_kind_take_linear_time(line: str) -> None:
    start = time.perf_counter()
    assert rows(b"a,b\n" + f"{line}\n".encode() * 100_000)
    assert time.perf_counter() - start < 10  # about 1 s; quadratic would be an hour


def test_mutated_files_never_crash() -> None:
    data = b'a,b\n1,"Clear, no\n""effusion""."\n2,\xc2\xb0\n3,x\r\n' * 4
    read = 0
    for seed, source in enumerate((data, b"\xff\xfe" + data.decode().encode("utf-16-le"))):
        for mutated in mutations(source, seed=seed, count=400):
            try:
                rows(mutated)
                read += 1
            except InputError:
                continue
    assert read > 600
