"""Which files are a night's: dated and flat folders, corrections, clocks that jump, two nights at once."""

import datetime
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest

from radray.errors import ConfigError, ConflictError, InputError
from radray.nights.arrivals import Arrivals, Nights
from radray.nights.dated import dated_uri, fixed_folder, is_nightly
from radray.schema.reports import REPORTS
from radray.settings.loading import load_settings
from radray.settings.root import Settings
from radray.storage import s3 as objects
from radray.storage.files import FrozenFile
from radray.tables.catalog import Warehouse
from radray.tables.commit import pin
from tests.support.s3_server import BUCKET, S3Server
from tests.support.worlds.night_tables import put_prepare_run, put_reports


def day(number: int) -> datetime.date:
    return datetime.date(2026, 11, number)


def file(path: str, etag: str = "e1") -> FrozenFile:
    return FrozenFile(f"in/{path}", path, 1, etag)


@pytest.mark.parametrize(
    ("uri", "dated", "fixed"),
    [
        ("s3://bucket/in/{date}/", "s3://bucket/in/2026-11-05/", "s3://bucket/in"),
        ("s3://bucket/{date:%Y/%m/%d}", "s3://bucket/2026/11/05", "s3://bucket"),
        ("in/night-{date:%Y%m%d}.zip", "in/night-20261105.zip", "in"),
        ("{date}/{date}.zip", "2026-11-05/2026-11-05.zip", "."),
        ("/{date}", "/2026-11-05", "/"),
        ("in/all", "in/all", "in/all"),
    ],
)
def test_a_date_stands_in_the_uri_in_any_form(uri: str, dated: str, fixed: str) -> None:
    assert dated_uri(uri, day(5)) == dated
    assert fixed_folder(uri) == fixed


def test_a_nightly_source_needs_a_date_and_is_dated_or_flat() -> None:
    def settings(*words: str) -> Settings:
        return load_settings((), words)

    assert not is_nightly(settings("source.uri=in"))
    assert is_nightly(settings("source.uri=in/{date}", "date=2026-11-05"))
    assert is_nightly(settings("source.uri=in", "source.since=last_run", "date=2026-11-05"))
    for words in (["source.uri=in/{date}"], ["source.uri=in", "source.since=last_run"]):
        with pytest.raises(ConfigError, match="date is not set"):
            is_nightly(settings(*words))
    with pytest.raises(ConfigError, match="use one of them"):
        is_nightly(settings("source.uri=in/{date}", "source.since=last_run", "date=2026-11-05"))


def taken(**nights: Iterable[str]) -> dict[tuple[str, str | None], frozenset[datetime.date]]:
    return {(path, "e1"): frozenset([day(int(name[1:]))]) for name, paths in nights.items() for path in paths}


def test_a_night_takes_what_no_night_has_and_run_again_is_the_same_night() -> None:
    files = [file("a"), file("b"), file("c"), file("d", "e2")]
    nights = Nights(taken(d4=["a", "d"], d5=["b"]), frozenset([day(4), day(5)]), frozenset())
    assert [file.path for file in nights.files_of(day(6), files)] == ["c", "d"]  # d was written anew: another file
    assert [file.path for file in nights.files_of(day(5), files)] == ["b"]  # and not c, which came after it
    assert [file.path for file in nights.files_of(day(4), files)] == ["a"]
    assert [file.path for file in nights.files_of(day(3), files)] == ["c", "d"]  # failed then: it is made up for now


def test_an_empty_night_is_open_until_another_follows() -> None:
    last = Nights(taken(d4=["a"]), frozenset([day(4)]), frozenset([day(5)]))
    assert [entry.path for entry in last.files_of(day(5), [file("a"), file("late")])] == ["late"]
    followed = Nights(taken(d6=["a"]), frozenset([day(6)]), frozenset([day(5)]))
    assert followed.files_of(day(5), [file("a"), file("late")]) == []


def test_a_path_whose_etag_was_not_kept_counts_as_taken() -> None:
    nights = Nights({("a", None): frozenset([day(4)])}, frozenset([day(4)]), frozenset())
    assert nights.files_of(day(5), [file("a", "e9")]) == []
    assert nights.files_of(day(4), [file("a", "e9")]) == [file("a", "e9")]


class Feed:
    """A flat folder, the nights that take from it, and which files are in which night at the end."""

    def __init__(self, folder: Path) -> None:
        self.uri = folder / "in"
        self.uri.mkdir()
        self.folder = folder
        self.warehouse = Warehouse(self.settings(1).warehouse)

    def settings(self, number: int) -> Settings:
        words = [f"warehouse.uri={self.folder}/warehouse", f"source.uri={self.uri}", "source.dataset=hospital"]
        return load_settings((), [*words, "source.since=last_run", f"date={day(number)}"])

    def arrive(self, *names: str, text: str = "first") -> None:
        for name in names:
            (self.uri / name).write_text(text)

    def begin(self, number: int) -> Arrivals:
        settings = self.settings(number)
        partition = {"batch_date": settings.date, "dataset": "hospital"}
        return Arrivals(
            self.warehouse, pin(self.warehouse, REPORTS, partition).table, settings, str(self.uri), "hospital"
        )

    def commit(self, number: int, files: Sequence[FrozenFile]) -> None:
        held = {row["source_uri"] for row in self.rows(number)}
        for file in files:
            if file.path not in held:
                about = {"source_uri": file.path, "source_etag": file.digest}
                put_reports(self.warehouse, [f"{number}-{file.path}"], batch_date=day(number), **about)
        put_prepare_run(self.warehouse, "hospital", day(number))

    def night(self, number: int) -> list[str]:
        files = self.begin(number).files
        self.commit(number, files)
        return [file.path for file in files]

    def rows(self, number: int) -> list[dict[str, str]]:
        where = {"batch_date": day(number), "dataset": "hospital"}
        return self.warehouse.read(REPORTS, ["source_uri", "source_etag"], where).to_pylist()


@pytest.fixture
def feed(tmp_path: Path) -> Feed:
    return Feed(tmp_path)


def test_no_file_is_lost_or_taken_twice_whatever_the_clock_says(feed: Feed) -> None:
    feed.arrive("1.txt", "2.txt")
    assert feed.night(20) == ["1.txt", "2.txt"]
    feed.arrive("3.txt")
    assert feed.night(20) == ["1.txt", "2.txt"]  # at two o'clock twice: the clock was set back
    assert feed.night(19) == ["3.txt"]  # a time zone in which it is still yesterday
    feed.arrive("4.txt", ".hidden")
    assert feed.night(28) == ["4.txt"]  # a clock a week ahead
    feed.arrive("5.txt")
    assert feed.night(21) == ["5.txt"]  # and right again: nothing waits for the 28th
    assert feed.night(22) == []
    feed.arrive("6.txt")
    assert feed.night(23) == ["6.txt"]
    assert feed.night(22) == []  # an empty night stays one
    nights = {number: [row["source_uri"] for row in feed.rows(number)] for number in range(19, 29)}
    assert sorted(path for paths in nights.values() for path in paths) == [f"{number}.txt" for number in range(1, 7)]


def test_a_rewritten_file_goes_to_the_next_night_and_the_old_night_stays(feed: Feed) -> None:
    feed.arrive("a.txt", "b.txt")
    feed.night(20)
    before = feed.rows(20)
    feed.arrive("a.txt", text="corrected")
    assert feed.night(21) == ["a.txt"]
    assert feed.rows(20) == before
    again = feed.begin(20)
    assert ([file.path for file in again.files], again.gone) == (["b.txt"], 1)
    assert feed.begin(21).gone == 0
    assert feed.night(22) == []


def test_two_nights_that_take_the_same_file_are_not_both_committed(feed: Feed) -> None:
    feed.arrive("a.txt", "b.txt")
    ours = feed.begin(21)
    feed.arrive("c.txt")
    now = feed.warehouse.load(REPORTS)
    ours.refuse_taken(now)  # nothing was committed since
    feed.night(22)
    with pytest.raises(ConflictError, match="files of this night were taken by 2026-11-22"):
        ours.refuse_taken(feed.warehouse.load(REPORTS))
    assert ours.unchanged()  # c came in later: that is no change
    feed.arrive("b.txt", text="other")
    assert not ours.unchanged()


def test_a_dated_night_without_a_file_is_empty_and_a_wrong_path_is_refused(tmp_path: Path) -> None:
    (tmp_path / "in" / "2026-11-20").mkdir(parents=True)
    (tmp_path / "in" / "2026-11-20" / "a.txt").write_text("x")
    words = [f"warehouse.uri={tmp_path}/warehouse", "source.dataset=hospital"]

    def begin(number: int, uri: str) -> Arrivals:
        settings = load_settings((), [*words, f"source.uri={uri}", f"date={day(number)}"])
        warehouse = Warehouse(settings.warehouse)
        table = pin(warehouse, REPORTS, {"batch_date": settings.date, "dataset": "hospital"}).table
        return Arrivals(warehouse, table, settings, uri, "hospital")

    def files(number: int, uri: str) -> list[str]:
        return [file.path for file in begin(number, uri).files]

    assert files(20, f"{tmp_path}/in/{{date}}/") == ["a.txt"]
    assert files(21, f"{tmp_path}/in/{{date}}/") == []
    with pytest.raises(InputError, match="no such file or folder"):
        files(21, f"{tmp_path}/in/2026-11-21/")

    # what the night took, and what became of it
    first = begin(20, f"{tmp_path}/in/{{date}}/")
    assert (first.gone, first.fresh) == (0, 1)
    (taken_file,) = first.files
    put_reports(first._warehouse, ["a"], batch_date=day(20), source_uri="a.txt", source_etag=taken_file.digest)
    again = begin(20, f"{tmp_path}/in/{{date}}/")
    assert (again.gone, again.fresh) == (0, 0)
    (tmp_path / "in" / "2026-11-20" / "a.txt").write_text("corrected")
    (tmp_path / "in" / "2026-11-20" / "late.txt").write_text("late")
    corrected = begin(20, f"{tmp_path}/in/{{date}}/")
    assert (corrected.gone, corrected.fresh) == (0, 2)
    (tmp_path / "in" / "2026-11-20" / "a.txt").unlink()
    cleaned = begin(20, f"{tmp_path}/in/{{date}}/")
    assert (cleaned.gone, cleaned.fresh) == (1, 1)
    named = begin(20, f"{tmp_path}/in/2026-11-20/")  # who names the folder means what is there
    assert named.gone == 0


def test_a_flat_prefix_on_s3_is_told_by_etag(s3: S3Server, tmp_path: Path) -> None:
    folder = f"s3://{BUCKET}/{tmp_path.name}/in"
    boto = objects.S3Access.resolve(s3.settings()).boto()
    bucket, key = objects.split(folder)

    def put(name: str, text: bytes) -> None:
        boto.put_object(Bucket=bucket, Key=f"{key}/{name}", Body=text)

    def begin(number: int) -> Arrivals:
        settings = load_settings((), [f"source.uri={folder}", "source.since=last_run", f"date={day(number)}"])
        settings = settings.model_copy(
            update={"warehouse": settings.warehouse.model_copy(update={"uri": str(tmp_path), "s3": s3.settings()})}
        )
        warehouse = Warehouse(settings.warehouse)
        table = pin(warehouse, REPORTS, {"batch_date": settings.date, "dataset": "hospital"}).table
        return Arrivals(warehouse, table, settings, folder, "hospital")

    put("a.hl7", b"one")
    put("b.hl7", b"two")
    first = begin(20)
    assert [file.path for file in first.files] == ["a.hl7", "b.hl7"]
    for file in first.files:
        about = {"source_uri": file.path, "source_etag": file.digest, "batch_date": day(20)}
        put_reports(first._warehouse, [file.path], **about)
    put("a.hl7", b"one")  # the same again: the same file
    put("b.hl7", b"corrected")
    assert [file.path for file in begin(21).files] == ["b.hl7"]
