"""The parsing stage without Ray: every unit that was planned is a row, whatever its bytes are."""

import json
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from radray.errors import InputError
from radray.messages import file_name
from radray.pipelines.plan import plan
from radray.pipelines.work import PlannedUnit, SourceSpec
from radray.reports.record.fields import Fields
from radray.reports.synthetic.studies import make_studies
from tests.support.worlds.prepared import STORAGE, prepared

REPORT = "EXAMINATION: CHEST\n\nFINDINGS: Small left effusion.\n\nIMPRESSION: Effusion.\n"


def read(source: Path, format_: str, splits: dict[str, str] | None = None) -> list[dict[str, object]]:
    """Return the rows of a source in the order of its members."""
    return sorted(prepared(source, format_, splits), key=lambda row: (row["source_member"], row["source_offset"]))


def planned(source: Path, format_: str) -> list[PlannedUnit]:
    return plan(STORAGE, STORAGE.freeze(str(source)), SourceSpec(format_, Fields(), "hospital"))


def statuses(rows: Sequence[dict[str, object]]) -> list[tuple[object, object, object]]:
    return [(row["source_member"] or row["source_uri"], row["status"], row["reason"]) for row in rows]


def test_a_zip_of_mimic_reports(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "reports.zip", "w") as archive:
        archive.writestr("files/p10/p10000032/s50414267.txt", REPORT)
        archive.writestr("files/p10/p10000032/s50414268.txt", "")
        archive.writestr("files/LICENSE.txt", "terms")
        archive.mkdir("files/p11")
    rows = read(tmp_path / "reports.zip", "mimic_zip")
    assert statuses(rows) == [
        ("files/LICENSE.txt", "rejected", "not_a_report"),
        ("files/p10/p10000032/s50414267.txt", "ok", None),
        ("files/p10/p10000032/s50414268.txt", "rejected", "empty"),
    ]
    ok = rows[1]
    assert (ok["study_id"], ok["subject_id"], ok["split_key"], ok["split"]) == (
        "50414267",
        "10000032",
        "10000032",
        "train",
    )
    assert (ok["findings"], ok["reference"], ok["source_uri"]) == ("Small left effusion.", "Effusion.", "reports.zip")
    assert rows[0]["text_digest"] is None
    assert rows[0]["split"] is None


@pytest.mark.parametrize(
    ("compression", "at"), [(zipfile.ZIP_STORED, 25), (zipfile.ZIP_DEFLATED, 1), (zipfile.ZIP_DEFLATED, 30)]
)
def test_a_damaged_member_is_a_row_and_its_neighbours_are_read(tmp_path: Path, compression: int, at: int) -> None:
    file = tmp_path / "reports.zip"
    names = [f"files/p10/p10000032/s5041426{i}.txt" for i in range(3)]
    with zipfile.ZipFile(file, "w", compression) as archive:
        for i, name in enumerate(names):
            archive.writestr(name, REPORT.replace("Small", f"Small {i}"))
    with zipfile.ZipFile(file) as archive:
        start = archive.getinfo(names[1]).header_offset + 30 + len(names[1])
    data = bytearray(file.read_bytes())
    data[start + at] ^= 0xFF
    file.write_bytes(data)
    rows = read(file, "mimic_zip")
    assert statuses(rows) == [(names[0], "ok", None), (names[1], "rejected", "malformed"), (names[2], "ok", None)]


def test_a_folder_of_mimic_reports_and_a_zip_of_them_say_the_same(tmp_path: Path) -> None:
    folder = tmp_path / "mimic"
    with zipfile.ZipFile(tmp_path / "mimic.zip", "w") as archive:
        for study in make_studies(20, seed=5):
            (folder / study.path).parent.mkdir(parents=True, exist_ok=True)
            (folder / study.path).write_text(study.text)
            archive.writestr(study.path, study.text)
    (folder / ".hidden").write_text("not a report")
    texts = [
        [{name: row[name] for name in ("study_id", "subject_id", "findings", "background", "reference", "text_digest")}
         for row in read(source, format_)]
        for source, format_ in ((folder, "mimic_folder"), (tmp_path / "mimic.zip", "mimic_zip"))
    ]  # fmt: skip
    assert texts[0] == texts[1]
    assert len(texts[0]) == 20


def test_unit_ids_do_not_hang_on_where_the_source_lies(tmp_path: Path) -> None:
    ids = []
    for place in ("here", "there"):
        (tmp_path / place).mkdir()
        with zipfile.ZipFile(tmp_path / place / "reports.zip", "w") as archive:
            archive.writestr("files/p10/p10000032/s50414267.txt", REPORT)
        ids.append([row["unit_id"] for row in read(tmp_path / place / "reports.zip", "mimic_zip")])
    assert ids[0] == ids[1]


def test_mediqa_json_and_openi_csv(tmp_path: Path) -> None:
    record = {"subject_id": "7", "findings": "Clear lungs.", "impression": "Normal.", "background": "Cough."}
    records = [record | {"study_id": "1"}, record | {"study_id": "2", "findings": ""}, record | {"study_id": 3.5}]
    (tmp_path / "a.json").write_text(json.dumps(records))
    rows = read(tmp_path / "a.json", "mediqa_json")
    assert [(row["study_id"], row["status"], row["reason"]) for row in rows] == [
        ("1", "ok", None),
        ("2", "rejected", "no_findings"),
        (None, "rejected", "bad_id"),
    ]
    assert [row["source_offset"] for row in rows] == [0, 1, 2]
    (tmp_path / "b.csv").write_text(
        "uid,indication,comparison,findings,impression\n1,Cough,None,Clear lungs.,Normal.\n2,,,clear lungs ,\n3,,,,\n"
    )
    rows = read(tmp_path / "b.csv", "openi_csv")
    assert [(row["study_id"], row["status"], row["reference"]) for row in rows] == [
        ("1", "ok", "Normal."),
        ("2", "ok", None),
        ("3", "rejected", None),
    ]
    assert rows[0]["split_key"] == rows[1]["split_key"]  # no patients: equal findings never stand in two splits


def test_a_split_file_decides_and_what_it_does_not_name_is_in_no_split(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("uid,findings,impression\n1,A.,B.\n2,C.,D.\n3,E.,F.\n")
    rows = read(tmp_path / "b.csv", "openi_csv", {"1": "train", "2": "test"})
    assert [row["split"] for row in rows] == ["train", "test", None]


def test_work_units_cover_all_members_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("radray.pipelines.plan.REPORTS_A_TASK", 7)
    with zipfile.ZipFile(tmp_path / "reports.zip", "w") as archive:
        for study in make_studies(50, seed=1):
            archive.writestr(study.path, study.text)
    units = planned(tmp_path / "reports.zip", "mimic_zip")
    assert [len(unit.work.members) for unit in units] == [7] * 7 + [1]
    assert len(read(tmp_path / "reports.zip", "mimic_zip")) == 50


def test_sources_that_cannot_be_planned_are_named(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "empty.zip", "w"):
        pass
    with pytest.raises(InputError, match=f"^{file_name('empty.zip')}: the archive holds no file"):
        planned(tmp_path / "empty.zip", "mimic_zip")
    (tmp_path / "a.csv").write_text("uid,text\n")
    with pytest.raises(InputError, match=f"^{file_name('a.csv')}: the CSV file"):
        planned(tmp_path / "a.csv", "openi_csv")
