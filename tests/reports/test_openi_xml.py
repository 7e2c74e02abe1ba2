import hashlib
import time
from pathlib import Path

import pytest

from radray.reports.formats.openi_xml import read
from radray.schema.statuses import RejectReason, ReportStatus
from tests.support.inputs.bad_archives import xml
from tests.support.inputs.mutate import mutations

NAME = "ecgen-radiology/7.xml"
REAL_SHAPE = """<?xml version="1.0" encoding="utf-8"?><eCitation>
   <meta type="rr"/><uId id="CXR7"/><pmcId id="7"/><docSource>CXR</docSource><IUXRId id="7"/>
   <title>A Collection</title>
   <MedlineCitation Owner="Nobody" Status="supplied by publisher"><Article PubModel="Electronic">
         <ArticleTitle>A Collection</ArticleTitle>
         <Abstract>
            <AbstractText Label="COMPARISON">None.</AbstractText>
            <AbstractText Label="INDICATION">XXXX-year-old with cough &amp; fever</AbstractText>
            <AbstractText Label="FINDINGS">Clear &lt;5 mm&gt; nodule . No <b>effusion</b>.</AbstractText>
            <AbstractText Label="IMPRESSION">1. Nodule.. </AbstractText>
         </Abstract></Article>
   </MedlineCitation>
   <MeSH><major>Nodule/lung/apex</major><major> Scar/lung </major><automatic>nodule</automatic></MeSH>
   <parentImage id="CXR7_IM-1"><figureId>F1</figureId><caption>Xray Chest PA and Lateral</caption>
      <panel type="single"><caption>another</caption></panel></parentImage>
   <parentImage id="CXR7_IM-2"><caption>Xray Chest PA and Lateral</caption></parentImage>
</eCitation>
"""


def test_a_citation_is_read() -> None:
    data = REAL_SHAPE.encode()
    record = read(data, NAME)
    assert (record.member, record.offset, record.source_digest) == (NAME, 0, hashlib.sha256(data).hexdigest())
    assert (record.status, record.study_id, record.subject_id) == (ReportStatus.OK, "CXR7", None)
    assert (record.indication, record.comparison) == ("___-year-old with cough & fever", "None.")
    assert record.findings == "Clear <5 mm> nodule. No effusion."
    assert (record.reference, record.reference_raw) == ("Nodule.", "1. Nodule.. ")
    assert record.exam_description == "Xray Chest PA and Lateral"
    assert record.human_codes == "Nodule/lung/apex;Scar/lung"


def test_sections_of_one_label_are_put_together() -> None:
    more = '</AbstractText><AbstractText Label="findings">No effusion.'
    assert read(xml(findings="Clear." + more).encode(), NAME).findings == "Clear. No effusion."


def test_what_stands_elsewhere_is_not_read() -> None:
    data = xml(tail='<AbstractText Label="FINDINGS">secret</AbstractText><uId id="CXR8"/><major>x</major>').encode()
    record = read(data, NAME)
    assert (record.study_id, record.findings, record.human_codes) == ("CXR7", "The lungs are clear.", "normal")


def test_a_file_of_another_name_is_no_report_unless_it_is_a_citation() -> None:
    assert read(b"Reports of a hospital.", "README").reason == RejectReason.NOT_A_REPORT
    assert read(b"<html></html>", "a.html").reason == RejectReason.NOT_A_REPORT
    assert read(b"<html></html>", "a.XML").reason == RejectReason.MALFORMED
    assert read(xml().encode(), "7").reason is None


def test_entities_are_neither_expanded_nor_fetched(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("secret")
    head = f'<!DOCTYPE eCitation [<!ENTITY a SYSTEM "{secret.as_uri()}"><!ENTITY b "secret">]>'
    for findings in ("&a;", "&b;", "Clear."):
        record = read(xml(head=head, findings=findings).encode(), NAME)
        assert (record.reason, record.findings, record.study_id) == (RejectReason.MALFORMED, None, None)


@pytest.mark.parametrize("cut", range(0, len(xml()), 7))
def test_a_file_cut_anywhere_is_one_row(cut: int) -> None:
    whole = xml().encode()
    assert read(whole, NAME).reason is None
    record = read(whole[:cut], NAME)
    if cut == 0:
        assert record.reason == RejectReason.EMPTY
    else:
        assert record.reason in (RejectReason.TRUNCATED, RejectReason.MALFORMED)
        assert (record.reason == RejectReason.TRUNCATED) == (cut > len("<eCitation>"))


def test_a_megabyte_of_anything_takes_linear_time() -> None:
    filler = 1_000_000
    for data in (
        "<a>" * (filler // 3),
        "<" * filler,
        "&" * filler,
        '<?xml version="1.0" ' + " " * filler,
        "<!--" * 250_000,
    ):
        start = time.perf_counter()
        assert read(data.encode(), NAME).status is ReportStatus.REJECTED
        assert read(xml(findings=data).encode(), NAME).status is ReportStatus.REJECTED
        assert time.perf_counter() - start < 2


def test_mutated_files_give_one_record_each() -> None:
    for encoding in ("utf-8", "utf-16"):
        for mutated in mutations(REAL_SHAPE.encode(encoding), seed=6, count=300):
            record = read(mutated, NAME)
            assert (record.reason is None) == (record.status is ReportStatus.OK)
            for text in (record.study_id, record.findings, record.reference_raw, record.human_codes):
                (text or "").encode()
