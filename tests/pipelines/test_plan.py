"""What is planned of a source: each file by itself, within caps, and never the rest of a night for one bad file."""

import gzip
import io
import json
import tarfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from radray.errors import InputError
from radray.reports.formats import jsonl
from radray.reports.record.counting import count_units
from tests.support.worlds.prepared import outcome, prepared

HL7 = (
    "MSH|^~\\&|RIS|H|R|R|20261121||ORU^R01|{n}|P|2.3\rPID|1||M{n}^^^H\rOBR|1||A{n}|71020^CHEST|||20261120"
    "|||||||||||||||20261121|||F\rOBX|1|TX|71020^CHEST||FINDINGS: The lungs are clear.||||||F\r"
)
CSV = "uid,findings,impression\n1,The lungs are clear.,Normal.\n"
TEXT = "FINDINGS: The lungs are clear.\nIMPRESSION: Normal.\n"


def lines(number: int, first: int = 0) -> str:
    return "".join(
        json.dumps({"study_id": str(n), "findings": "The lungs are clear."}) + "\n"
        for n in range(first, first + number)
    )


def by_format(rows: list[dict[str, object]]) -> dict[tuple[object, object], int]:
    counts: dict[tuple[object, object], int] = {}
    for row in rows:
        key = (row["format"], row["reason"] or row["status"])
        counts[key] = counts.get(key, 0) + 1
    return counts


def test_each_file_is_read_in_its_own_format(tmp_path: Path) -> None:
    (tmp_path / "0.hl7").write_bytes(bytes(range(200)))
    (tmp_path / "a.hl7").write_text(HL7.format(n=1) + HL7.format(n=2))
    (tmp_path / "b.csv").write_text(CSV)
    (tmp_path / "c.txt").write_text(TEXT)
    (tmp_path / "d.jsonl.gz").write_bytes(gzip.compress(lines(3, first=10).encode()))
    (tmp_path / "README.md").write_text("read me")
    (tmp_path / "scan.pdf").write_bytes(b"%PDF-1.4")
    assert by_format(prepared(tmp_path, "auto")) == {
        ("hl7", "ok"): 2,
        ("openi_csv", "ok"): 1,
        ("text", "ok"): 1,
        ("jsonl", "ok"): 3,
        ("auto", "malformed"): 1,
        ("auto", "not_a_report"): 1,
        ("auto", "unsupported_content"): 1,
    }


def test_one_file_with_a_name_of_mimic_costs_no_other_its_format(tmp_path: Path) -> None:
    (tmp_path / "p10000032").mkdir()
    (tmp_path / "p10000032" / "s50414267.txt").write_text(TEXT)
    (tmp_path / "a.hl7").write_text(HL7.format(n=1))
    (tmp_path / "b.txt").write_text(TEXT)
    assert by_format(prepared(tmp_path, "auto")) == {("mimic_folder", "ok"): 1, ("hl7", "ok"): 1, ("text", "ok"): 1}


@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_each_member_of_an_archive_is_read_in_its_own_format(tmp_path: Path, kind: str) -> None:
    members = {"a.jsonl": lines(2), "b.txt": TEXT, "c.bin": "\0junk", "README": "me", "../d.hl7": HL7.format(n=9)}
    if kind == "zip":
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            for name, text in members.items():
                archive.writestr(name, text)
    else:
        with tarfile.open(tmp_path / "a.tar", "w") as archive_:
            for name, text in members.items():
                info = tarfile.TarInfo(name)
                info.size = len(text)
                archive_.addfile(info, io.BytesIO(text.encode()))
    assert by_format(prepared(tmp_path, "auto")) == {
        ("jsonl", "ok"): 2,
        ("text", "ok"): 1,
        ("hl7", "ok"): 1,
        ("auto", "malformed"): 1,
        ("auto", "not_a_report"): 1,
    }


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_members_of_one_name_and_several_formats_have_ids_of_their_own(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for text in (lines(3), TEXT, TEXT):
            archive.writestr("a.txt", text)
    assert outcome(prepared(tmp_path, "auto")) == {"ok": 3, "malformed": 2}


def test_a_source_in_which_nothing_is_recognised_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(bytes(100))
    (tmp_path / "b.bin").write_bytes(bytes(100))
    with pytest.raises(InputError, match="not recognised by any of its 2 files"):
        prepared(tmp_path, "auto")


def test_a_file_of_too_many_units_is_one_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("radray.pipelines.plan", "radray.reports.record.counting"):
        monkeypatch.setattr(f"{module}.MAX_UNITS_A_FILE", 20)
    (tmp_path / "a.jsonl").write_text(lines(20))
    (tmp_path / "b.jsonl").write_text(lines(21, first=100))
    rows = prepared(tmp_path, "jsonl")
    assert outcome(rows) == {"ok": 20, "too_large": 1}
    with zipfile.ZipFile(tmp_path / "c.zip", "w") as archive:
        archive.writestr("bomb.jsonl", lines(100, first=200))
        archive.writestr("good.jsonl", lines(5, first=300))
    assert outcome(prepared(tmp_path, "jsonl")) == {"ok": 25, "too_large": 2}


def test_the_count_of_units_goes_no_further_than_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radray.reports.record.counting.MAX_UNITS_A_FILE", 5)
    units = iter(range(100))
    assert count_units(units) == 6
    assert next(units) == 6
    assert count_units([]) == 0


def test_rows_without_text_that_a_parquet_file_claims_are_one_row(tmp_path: Path) -> None:
    pq.write_table(pa.table({"study_id": ["1"], "findings": ["The lungs are clear."]}), tmp_path / "good.parquet")
    nulls = pa.table({"study_id": pa.nulls(500_000, pa.string()), "findings": pa.nulls(500_000, pa.string())})
    with pq.ParquetWriter(tmp_path / "null.parquet", nulls.schema, compression="zstd") as file:
        for _ in range(3):
            file.write_table(nulls)
    assert outcome(prepared(tmp_path, "parquet")) == {"ok": 1, "too_large": 1}


def test_of_a_night_of_too_many_units_the_largest_files_are_set_aside(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("radray.pipelines.plan.MAX_UNITS_A_NIGHT", 30)
    for number, size in enumerate((8, 200, 8, 100, 8)):
        (tmp_path / f"{number}.jsonl").write_text(lines(size, first=1_000 * number))
    assert outcome(prepared(tmp_path, "jsonl")) == {"ok": 24, "too_large": 2}
    monkeypatch.setattr("radray.pipelines.plan.MAX_UNITS_A_NIGHT", 4)
    with pytest.raises(InputError, match="more than 4: split it"):
        prepared(tmp_path, "jsonl")


def test_an_error_of_a_reader_costs_its_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(file: object, fields: object) -> object:
        if next(iter(file)).startswith(b"boom"):  # type: ignore[call-overload]
            raise ZeroDivisionError("secret")
        return counted(file, fields)  # type: ignore[arg-type]

    counted = jsonl._values
    (tmp_path / "a.jsonl").write_text("boom\n" + lines(5))
    (tmp_path / "b.jsonl").write_text("\n" + lines(5, first=10))
    monkeypatch.setattr(jsonl, "_values", fails)
    assert outcome(prepared(tmp_path, "jsonl")) == {"ok": 5, "malformed": 1}
