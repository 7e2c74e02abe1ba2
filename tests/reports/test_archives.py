import gzip
import io
import pickle
import tarfile
import tracemalloc
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radray.errors import InputError
from radray.reports.archives.container import BrokenStream, Member, container, list_members, open_members, read_members
from radray.reports.archives.member import BOMB_BYTES
from radray.reports.record.record import MAX_REPORT_BYTES
from radray.schema.statuses import RejectReason
from tests.support.inputs.mutate import mutations


def zipped(entries: Sequence[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in entries:
            archive.writestr(name, data)
    return buffer.getvalue()


def tarred(entries: Sequence[tuple[str, bytes]], form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name, data in entries:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


FORMS = {
    "zip": zipped,
    "stored zip": lambda entries: zipped(entries, zipfile.ZIP_STORED),
    "pax": tarred,
    "gnu": lambda entries: tarred(entries, tarfile.GNU_FORMAT),
    "tar.gz": lambda entries: gzip.compress(tarred(entries), mtime=0),
}


def listed(data: bytes) -> list[Any]:
    return [(member.name, member.occurrence, member.problem) for member in list_members(io.BytesIO(data))]


def contents(data: bytes) -> list[Any]:
    file = io.BytesIO(data)
    return [(member.name, content) for member, content in read_members(file, list_members(file))]


def streamed(data: bytes) -> list[Any]:
    file = io.BytesIO(data)
    entries: list[Any] = []
    for member, stream in open_members(file, list_members(file)):
        if isinstance(stream, RejectReason):
            entries.append((member.name, stream))
            continue
        got = b""
        try:
            while chunk := stream.read(1000):
                got += chunk
            entries.append((member.name, got))
        except BrokenStream as error:
            entries.append((member.name, got, error.reason))
    return entries


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (zipped([("a", b"")]), "zip"),
        (zipped([]), "zip"),
        (gzip.compress(b"", mtime=0), "gzip"),
        (tarred([("a", b"")])[:512], "tar"),
        (tarred([("a" * 200, b"")])[:512], "tar"),
        (tarred([("a", b"")])[:511], "none"),
        (bytes(512), "none"),
        (b"PK", "none"),
        (b"PK\x03 ", "none"),
        (b"FINDINGS: " + b"a" * 600, "none"),
        (b"", "none"),
    ],
)
def test_a_container_is_recognised_by_its_first_bytes(head: bytes, expected: str | None) -> None:
    assert container(head[:512]) == expected


@pytest.mark.parametrize("form", FORMS)
def test_members_are_read_in_order(form: str) -> None:
    entries = [("files/b.txt", b"two"), ("a.txt", b""), ("c" * 300, b"x" * 70_000), ("\u00e9.txt", b"t")]
    data = FORMS[form](entries)
    assert listed(data) == [(name, 0, None) for name, _ in entries]
    assert contents(data) == entries
    assert streamed(data) == entries


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(sorted(FORMS)),
    st.lists(
        st.tuples(st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=150), st.binary()), max_size=8
    ),
)
def test_what_was_put_in_comes_out(form: str, entries: list[tuple[str, bytes]]) -> None:
    entries = [(name, b"_" + data) for name, data in entries]
    names = [name for name, _ in entries]
    if "zip" in form and len(set(names)) != len(names):
        entries = list(dict(entries).items())
    data = FORMS[form](entries)
    if not entries and form != "zip" and form != "stored zip":
        return  # an empty tar is NUL and nothing else: no tar
    assert contents(data) == entries


def test_a_plain_file_and_a_gzip_file_are_their_own_only_member() -> None:
    assert list_members(io.BytesIO(b"abc")) == [Member("", 0, None, 3, 0)]
    assert list_members(io.BytesIO(gzip.compress(b"abc"))) == [Member("", 0, None, None, 0)]
    for data in (b"abc", gzip.compress(b"abc"), gzip.compress(b"a") + gzip.compress(b"bc") + bytes(3)):
        assert contents(data) == streamed(data) == [("", b"abc")]
    assert contents(b"") == [("", b"")]


def test_some_members_may_be_wanted_and_in_any_order() -> None:
    for make in FORMS.values():
        file = io.BytesIO(make([("a", b"1"), ("b", b"2"), ("c", b"3")]))
        a, _, c = list_members(file)
        assert [(member.name, data) for member, data in read_members(file, [c, a])] == [("a", b"1"), ("c", b"3")]
        assert [stream.read() for _, stream in open_members(file, [c, a])] == [b"1", b"3"]
        assert [member.name for member, _ in open_members(file, [c, a])] == ["a", "c"]  # streams left unread


def test_entries_with_the_same_name_are_numbered() -> None:
    data = tarred([("a", b"1"), ("b", b"2"), ("a", b"3")])
    assert listed(data) == [("a", 0, None), ("b", 0, None), ("a", 1, None)]
    assert contents(data) == [("a", b"1"), ("b", b"2"), ("a", b"3")]
    twice = io.BytesIO()
    with zipfile.ZipFile(twice, "w") as archive:
        archive.writestr("a", b"1")
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a", b"2")
    assert listed(twice.getvalue()) == [("a", 0, None), ("a", 1, None)]
    assert contents(twice.getvalue()) == [("a", b"1"), ("a", b"2")]


def test_names_are_ids_and_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names = ["../../etc/x", "/etc/passwd", "C:\\x", "a/./b", "con", "-rf", " ", "\n"]
    for make in (tarred, zipped):
        assert [name for name, _ in contents(make([(name, b"x") for name in names]))] == names
    assert list(tmp_path.iterdir()) == []


def test_a_long_name_is_cut_to_one_of_its_own() -> None:
    data = tarred([("n" * 3000, b"1"), ("n" * 3001, b"2"), ("m" * 1024, b"3")])
    first, second, third = list_members(io.BytesIO(data))
    assert first.name[:200] == second.name[:200] == "n" * 200
    assert len(first.name) == len(second.name) == 235
    assert first.name != second.name
    assert (first.problem, third.problem) == (RejectReason.MALFORMED, None)


def test_a_zip_of_more_than_65535_members_is_read() -> None:
    data = zipped([(f"{number}", b"x") for number in range(66_000)], zipfile.ZIP_STORED)
    members = list_members(io.BytesIO(data))
    assert len(members) == 66_000
    assert next(iter(read_members(io.BytesIO(data), members[-1:])))[1] == b"x"


def test_zips_written_as_a_stream_and_with_zip64_fields_are_read() -> None:
    class Unseekable(io.RawIOBase):
        def __init__(self) -> None:
            self.data = b""

        def writable(self) -> bool:
            return True

        def write(self, some: Any) -> int:
            self.data += bytes(some)
            return len(some)

    out = Unseekable()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("a", "b"):
            with archive.open(name, "w", force_zip64=True) as member:
                member.write(name.encode() * 100)
    assert contents(out.data) == streamed(out.data) == [("a", b"a" * 100), ("b", b"b" * 100)]


def test_the_listing_of_a_zip_takes_few_reads() -> None:
    class Counted(io.BytesIO):
        reads = 0

        def read(self, size: int | None = -1, /) -> bytes:
            self.reads += 1
            return super().read(size)

    file = Counted(zipped([(f"{number}", b"x") for number in range(3000)]))
    assert len(list_members(file)) == 3000
    assert file.reads <= 4


def test_a_break_can_be_sent_to_another_process() -> None:
    assert pickle.loads(pickle.dumps(BrokenStream(RejectReason.TRUNCATED))).reason is RejectReason.TRUNCATED


def test_a_report_at_the_limit_is_read_and_one_byte_more_is_not() -> None:
    most = b"x" * MAX_REPORT_BYTES
    for make in FORMS.values():
        data = make([("a", most), ("b", most + b"x"), ("c", b"1")])
        assert contents(data) == [("a", most), ("b", RejectReason.TOO_LARGE), ("c", b"1")]
    assert contents(gzip.compress(most + b"x")) == [("", RejectReason.TOO_LARGE)]
    assert contents(most + b"x") == [("", RejectReason.TOO_LARGE)]


def test_a_bomb_is_not_unpacked() -> None:
    bomb = zipped([("a", bytes(100 << 20)), ("b", b"1")])
    tracemalloc.start()
    assert contents(bomb) == [("a", RejectReason.TOO_LARGE), ("b", b"1")]
    assert tracemalloc.get_traced_memory()[1] < 2 << 20
    tracemalloc.stop()


def test_a_stream_that_grows_200_times_and_beyond_256_mib_is_given_up() -> None:
    ((_, given, reason),) = streamed_sizes(gzip.compress(bytes(1 << 20)) * 300)
    assert reason == RejectReason.TOO_LARGE
    assert BOMB_BYTES - (1 << 20) < given <= BOMB_BYTES
    data = bytearray(zipped([("a", bytes(1 << 20))]))
    at = data.index(b"PK\x01\x02")
    data[at + 24 : at + 28] = (300 << 20).to_bytes(4, "little")
    assert streamed(bytes(data)) == [("a", RejectReason.TOO_LARGE)]


def streamed_sizes(data: bytes) -> Iterator[Any]:
    file = io.BytesIO(data)
    for member, stream in open_members(file, list_members(file)):
        given, reason = 0, None
        try:
            while chunk := stream.read(1 << 16):
                given += len(chunk)
        except BrokenStream as error:
            reason = error.reason
        yield member.name, given, reason


def test_what_precedes_a_cut_is_read_first_then_the_break_is_raised_always() -> None:
    data = gzip.compress(b"one\ntwo\nthree\n", 0)[:-12]
    ((_, stream),) = open_members(io.BytesIO(data), [Member("", 0, None, None, 0)])
    assert [stream.readline(), stream.readline(), stream.readline()] == [b"one\n", b"two\n", b"th"]
    for _ in range(2):
        with pytest.raises(BrokenStream) as broken:
            stream.readline()
        assert broken.value.reason == RejectReason.TRUNCATED
    ((_, stream),) = open_members(io.BytesIO(data), [Member("", 0, None, None, 0)])
    with pytest.raises(BrokenStream):
        stream.read()


def test_a_stream_reads_as_a_file_does() -> None:
    text = b"".join(b"line %d\n" % number * (number % 7) for number in range(5000)) + b"the end"
    ((_, stream),) = open_members(io.BytesIO(gzip.compress(text)), [Member("", 0, None, None, 0)])
    assert list(stream) == text.splitlines(keepends=True)
    assert stream.read() == stream.readline() == b""
    ((_, stream),) = open_members(io.BytesIO(gzip.compress(text)), [Member("", 0, None, None, 0)])
    assert stream.readline(3) == text[:3]
    assert stream.read(100_000) == text[3:100_003]
    into = bytearray(10)
    assert stream.readinto(into) == 10
    assert into == text[100_003:100_013]
    assert stream.read() == text[100_013:]


def test_a_line_of_5_mb_is_read_in_linear_time() -> None:
    data = gzip.compress(b"x" * (5 << 20) + b"\n", 1)
    ((_, stream),) = open_members(io.BytesIO(data), [Member("", 0, None, None, 0)])
    assert len(stream.readline()) == (5 << 20) + 1


@pytest.mark.parametrize("at", range(0, 4096, 97))
def test_a_tar_cut_anywhere_gives_what_was_whole_and_one_row_for_the_rest(at: int) -> None:
    entries = [(f"{number}.txt", b"x" * (300 * number)) for number in range(1, 5)]
    whole = tarred(entries)
    entries = contents(whole[:at])
    if container(whole[: min(at, 512)]) != "tar":
        assert len(entries) == 1
        return
    good = [entry for entry in entries if isinstance(entry[1], bytes)]
    assert good == entries[: len(good)]
    assert [data for _, data in entries[len(good) :]] == [RejectReason.TRUNCATED]


@pytest.mark.parametrize("form", FORMS)
def test_mutated_archives_never_crash(form: str) -> None:
    entries = [(f"files/{number}.txt", b"FINDINGS: clear %d.\n" % number) for number in range(5)]
    answered = 0
    for data in mutations(FORMS[form](entries), seed=4, count=200):
        file = io.BytesIO(data)
        try:
            members = list_members(file)
        except InputError:
            continue
        assert len({(member.name, member.occurrence) for member in members}) == len(members)
        for member in members:
            member.name.encode()
        assert len(list(read_members(file, members))) == len(members)
        assert len(streamed(data)) == len(members)
        answered += 1
    assert answered > 20
