"""What a sender can repeat, and what reads it: the table of the tests of growth."""

import base64
import functools
import gc
import io
import json
import random
import sys
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

from radray.checks import check, communication, exams, form, prior, spans
from radray.checks.findings import critical, locations, positions, side_words
from radray.checks.identifiers import find, written
from radray.checks.numbers import counts, exchanged, grades, measurements
from radray.checks.recommendations import changed, recommendation
from radray.evaluation import concept_f1, rouge
from radray.language import exemplar_marks, mentions, normality, rephrasing, sentences
from radray.reports.formats import fhir, hl7, jsonl, mediqa, mimic_sectioned_csv, openi_csv, openi_xml, plain_text
from radray.reports.record import background, conclusions, named_texts
from radray.reports.record.record import Record, make_record
from radray.reports.text import cleaning, comparison, markup, masks, placeholders, sections
from radray.reports.text import exams as exam_names
from radray.reports.wire.hl7 import messages, values
from radray.tasks.answering import AnswerTask
from radray.tasks.correction.planted import ask
from radray.tasks.correction.planting.statements import Report
from radray.tasks.impression import targets
from radray.tasks.impression.order import order_by_criticality
from radray.tasks.registry import ANSWER_TASKS

Reads = Callable[[str], object]

SIGNS = (
    "a", "A", "1", ".", " ", "\n", "\t", "-", "*", "_", "X", "[", "]", "(", ")", "<", ">", "&", "\\", ":", ";", ",",
    "/", "#", "%", "'", '"', "=", "+", "@", "|", "~", "^", "{", "}", "!", "?", "\r", "\x0b", "\x1c", "•", "é", "́",
    "\xa0", "\u2028", "a ", "A ", "1 ", "1. ", "1) ", "- ", "* ", ".. ", ". .", "a.", "A. ", "\n\n", "\n \n", "a\n",
    "A\n", "A:\n", "A: ", ": ", "Aa. ", "Aa, ", "1,", "1-", "1/", "aA", "(a) ", "[a] ", "a: b, ",
)  # fmt: skip
MARKUP = (
    "XXXX ", "___", "___ ", "[**", "[**a**]", "***", "&amp;", "&#38;", "&lt;br&gt;", "<br>", "<br", "<p ", "<p a=",
    "</p", "</", "<a", "<a b=", "[<", "<!--", "-->", "<![CDATA[", "]]>", "<?", "<b>", "<div>", "<b><i>", "<td>",
    "<table><tr><td>", "<o:p>", "\\F\\", "\\X41\\", "\\.br\\", "\\E", "\\'e9", "\\par ", "\\b ", "{\\", "{\\rtf1 ",
    "{\\fonttbl", "{\\*\\a", "\\cell",
)  # fmt: skip
HEADINGS = (
    "FINDINGS: ", "FINDINGS:\nA\n", "IMPRESSION ", "Impression: ", "impression: ", "In summary, ", "CONCLUSION",
    "ADDENDUM: ", "-- ADDENDUM by A --\n", "WET READ ", "INDICATION: x\n\n", "COMPARISON:", "HISTORY OF ",
    "CHEST, ", "CT HEAD FINDINGS: ", "(Over)\n", "a\n(Over)\n", "(Cont)\n", "Page 1 of 2\n", "was obtained ",
    "Electronically signed by: ", "Dictated by ", "Signed by: Dr. A B ", "A B, MD ", "John Smith, MD\n", "M.D., ",
    "10:15 AM ", "3/4/2026 10:15 ", "I have reviewed ", "____\n",
)  # fmt: skip
WORDS = (
    "no ", "no effusion ", "No effusion. ", "right ", "right effusion, ", "right and left ", "effusion or ",
    "effusion, ", "or ", "possible ", "cannot be excluded ", "history of ", "unchanged ",
    "in the right lower lobe ", "heart is enlarged ", "of the ", "1.9 x 1.8 cm ", "1.9 x ", "5 mm ", "5 mm, ",
    "5 mm nodule ", "5 mm and ", "T12, ", "L1-", "C5-6 ", "was notified ", "Dr. ", "was discussed with Dr. ",
    "Dr. A. ", "A. B. ", "3:45 ", "12/12/2012 ", "recommend ", "Recommend CT. ", "CT or MRI ",
    "follow up CT in 3 months ", "3-6 months ", "compared to ", "prior ", "tube ", "picc line tip in ", "than ",
    "larger than ", "rib 4. ", "ribs 4, ", "4-", "4th ", "fourth and ", "fourth to ", "stage ", "grade 1 ",
    "BI-RADS 2 ", "two nodules ", "one or ", "10000032 ", "MRN 123456 ", "555-123-4567 ", "a@b.c ", "the the ",
    "lungs are clear. ", "fracture of ", "and ", "with ",
)  # fmt: skip
ATOMS = (*SIGNS, *MARKUP, *HEADINGS, *WORDS)
"""What free text may repeat."""
SEGMENTS = (
    "PID|\r", "OBR|\r", "OBR|1||S1\r", "OBX|\r", "OBX|1|TX|x||a\r", "PID|\rOBR|\r", "NTE|1||a\r", "MSH",
    "MSH|^~\\&|\r", "MSH|^~\\&|A|B|C|D|2||ORU^R01|1|P|2.3\r", "BHS|\r", "BTS|\r", "\x0b", "\x1c\r", "A|\r",
    "OBX|1|TX|1&GDT||a\r", "a\r", "OBX|1|CE|1^a^b||1^x\r", "OBX|1|ED|x||^TEXT^^Base64^QQ==\r",
    "OBX|1|TX|x||FINDINGS: a\r", "^", "~", "&", "OBX|1|TX|x||",
)  # fmt: skip
JSON = (
    "[", "{", '"', "\\", '{"a":', "[1,", '"a",', '{"a":1},', "{},", "[],", '"a":1,', ",", " ", "1e9,", "1", "[[],",
    "\n", '{"resource":{},', '{"findings":"x"},', '{"resource":{"resourceType":"Observation","id":"a"}},',
    '{"resource":{"resourceType":"DiagnosticReport","id":"a","result":[{"reference":"Observation/b"}]}},',
)  # fmt: skip
CELLS = ('"', '""', '",', "a,", "a\n", '"a",b,c\n', "1,a,b\n", '1,"a\n', '",b\n', ",", "\r", '"\n', '1,"FINDINGS: x\n')
ELEMENTS = (
    "<a>", "<a/>", '<AbstractText Label="FINDINGS">', '<AbstractText Label="FINDINGS">a</AbstractText>', "<a ",
    "<!--", "<![CDATA[", "&amp;", "<MeSH><major>a</major></MeSH>", '<uId id="a"/>', "<!DOCTYPE",
    "<caption>a</caption>",
)  # fmt: skip

_SIGNS = messages.Delimiters("|", "^", "~", "\\", "&")
_HEADER = b"MSH|^~\\&|A|B|C|D|20260101||ORU^R01|1|P|2.3\r"
_SHORT = "No effusion. Left 6 mm nodule. Recommend CT. " * 3


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _drained(read: Callable[[BinaryIO], Iterator[Record]], before: bytes = b"", after: bytes = b"") -> Reads:
    return lambda text: sum(1 for _ in read(io.BytesIO(before + _utf8(text) + after)))


def _form(kind: str, before: bytes = b"") -> Reads:
    def read(text: str) -> int:
        data = base64.b64encode(before + _utf8(text)).decode()
        resource: dict[str, Any] = {"resourceType": "DiagnosticReport", "id": "a", "status": "final"}
        resource |= {"presentedForm": [{"contentType": kind, "data": data}]}
        return sum(1 for _ in fhir.read(io.BytesIO(json.dumps(resource).encode())))

    return read


def _xml(text: str) -> object:
    start = b'<eCitation><uId id="CXR1"/><MedlineCitation><Article><Abstract>'
    return openi_xml.read(start + _utf8(text) + b"</Abstract></Article></MedlineCitation></eCitation>", "1.xml")


def _record(text: str) -> object:
    return make_record(
        member="",
        offset=0,
        source_digest="",
        study_id="1",
        indication=text,
        comparison=text,
        findings=text,
        impression=text,
        exam_description=text,
    )


def _checked(impression: str, findings: str, behind: str = "Cough.") -> object:
    ids = ("s123456", "10000032")
    return check.check(impression, findings, behind, modality="CR", body_part="chest", identifiers=ids)


def _examples(task: AnswerTask, text: str) -> object:
    report: dict[str, Any] = dict.fromkeys(task.reads, text) | {"unit_id": "a", "split": "train"}
    return task.make_examples(report | {"human_codes": None, "sections": None, "body_part": None})


def _planted(text: str) -> object:
    # in sentences that are short enough for it
    text = "".join(f"{text[start : start + 300]}a. A" for start in range(0, len(text), 300))
    report, draw = Report(text, text, text), random.Random(1)
    return ask(draw, report, of_chest=True)


READERS: dict[str, tuple[Reads, tuple[str, ...]]] = {
    "hl7": (_drained(hl7.read, _HEADER), SEGMENTS),
    "hl7 before a report": (_drained(hl7.read, _HEADER, b"OBR|1||S1\rOBX|1|TX|x||FINDINGS: a||||||F\r"), SEGMENTS),
    "hl7 text": (_drained(hl7.read, _HEADER + b"OBR|1||S1\rOBX|1|TX|x||", b"||||||F\r"), ATOMS),
    "fhir bundle": (_drained(fhir.read, b'{"resourceType":"Bundle","entry":['), JSON),
    "fhir resource": (_drained(fhir.read, b'{"resourceType":"DiagnosticReport","contained":['), JSON),
    "fhir html": (_form("text/html"), (*MARKUP, *SIGNS)),
    "fhir rtf": (_form("text/rtf", b"{\\rtf1 "), (*MARKUP, *SIGNS)),
    "jsonl": (_drained(jsonl.read, b'{"study_id":"1","findings":'), JSON),
    "mediqa": (_drained(mediqa.read, b"["), JSON),
    "openi csv": (_drained(openi_csv.read, b"uid,findings,impression\n1,"), CELLS),
    "sectioned csv": (
        _drained(mimic_sectioned_csv.read, b"study,impression,findings,last_paragraph,comparison\n1,"),
        CELLS,
    ),
    "openi xml": (_xml, ELEMENTS),
    "plain text": (lambda text: plain_text.read(_utf8("FINDINGS: " + text), "1.txt"), ATOMS),
}
"""Readers of whole files, each with what is repeated inside one."""

TEXTS: dict[str, Reads] = {
    "sections": sections.parse,
    "sections of a report": lambda text: sections.parse(f"INDICATION: a\n\nThe {text}!\n\nIMPRESSION: {text}"),
    "named texts": lambda text: named_texts.cut_named(text, text),
    "record": _record,
    "markup": lambda text: markup.plain_text(f"<html><p>a</p>{text}"),
    "rtf": lambda text: markup.plain_text(f"{{\\rtf1 {text}"),
    "cleaning": cleaning.clean_items,
    "masks": masks.with_masks,
    "background": background.background_parts,
    "conclusions": lambda text: (conclusions.split_conclusion(text), conclusions.may_conclude(text)),
    "comparison": comparison.comparison_state,
    "exam": lambda text: (exam_names.modality(text), exam_names.body_part(text)),
    "placeholders": placeholders.says_nothing,
    "hl7 escapes": _SIGNS.unescape,
    "hl7 values": lambda text: (values.text_value(text, _SIGNS), values.coded_value(text, _SIGNS)),
}
LANGUAGE: dict[str, Reads] = {
    "sentences": sentences.split_sentences,
    "mentions": mentions.find_mentions,
    "normality": normality.is_normal,
    "rephrasing": lambda text: rephrasing.rephrase(text, random.Random(1)),
    "exemplars": exemplar_marks.unmark,
    "communications": targets.without_communications,
    "concept F1": lambda text: concept_f1.concept_f1(text, _SHORT),
    "rouge": lambda text: rouge.Scorer(stemmer=True).score(f"{text} a", _SHORT),
    "rouge of a prediction": lambda text: rouge.Scorer(stemmer=True).score(_SHORT, text),
    "planting of errors": _planted,
    "order of items": lambda text: order_by_criticality(f"Cardiomegaly, item {text} large pneumothorax. Mass."),
    **{f"examples of {task.id}": functools.partial(_examples, task) for task in ANSWER_TASKS.values()},
}
CHECKS: dict[str, Reads] = {
    "spans": spans.sentence_spans,
    "masks": form.find_masks,
    "form": form.find_degenerate,
    "identifiers": find.find_identifiers,
    "written identifiers": lambda text: written.find_written(text, ("s123456",), (text, "a")),
    "communication": lambda text: communication.find_communication(text, "clear", ""),
    "prior": lambda text: prior.find_prior(text, text, ""),
    "exams": exams.exam_sections,
    "sides": side_words.find_sides,
    "positions": positions.find_positions,
    "ribs": lambda text: (locations.find_ribs(text), locations.read_ordinals(text)),
    "counts": counts.find_counts,
    "grades": lambda text: (grades.find_grades(text), exchanged.find_changed_grades(text, text, "")),
    "measurements": lambda text: measurements.find_changed(text, "a 1.2 cm nodule", ""),
    "exchanged": lambda text: exchanged.find_exchanged(text, text, ""),
    "recommendations": recommendation.find_recommendations_in,
    "changed recommendations": lambda text: changed.find_changed_recommendations(text, text),
    "critical": lambda text: critical.has_critical(text, None),
    "check of an impression": lambda text: _checked(text, _SHORT),
    "check against findings": lambda text: _checked(_SHORT, text),
    "check": lambda text: _checked(text, text, text),
}


def repeated(atom: str, characters: int) -> str:
    """Return `atom` over and over, then what ends no pattern, and a word.

    A match that nearly succeeds is what takes long.
    """
    return (atom * (characters // len(atom) + 1))[:characters] + "!\x7f a"


def forget() -> None:
    """Empty the caches of radray, so that each text is read."""
    for cached in _caches(len(sys.modules)):
        cached.cache_clear()


@functools.lru_cache(maxsize=1)
def _caches(modules: int) -> list["functools._lru_cache_wrapper[object]"]:
    """Return the caches of radray that are there with so many `modules` loaded: to look for them takes long."""
    caches = [each for each in gc.get_objects() if isinstance(each, functools._lru_cache_wrapper)]
    return [each for each in caches if (each.__module__ or "").startswith("radray.")]
