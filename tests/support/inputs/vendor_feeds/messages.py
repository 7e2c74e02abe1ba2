"""HL7 v2 in the forms of three vendors: by suffix (&GDT, &IMP), by VistA's letters (R, I), by IHE's LOINC codes."""

from collections.abc import Callable
from typing import NamedTuple

from tests.support.inputs.vendor_feeds import words
from tests.support.inputs.vendor_feeds.reports import Drawer, InventedReport, as_html, as_rtf

_ESCAPES = str.maketrans({"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "&": "\\T\\", "~": "\\R\\"})


class Feed(NamedTuple):
    """A file of messages, and its reports in the order of their study ids."""

    data: bytes
    reports: list[InventedReport]


def make_feed(vendor: str, count: int, seed: int) -> Feed:
    """Return a feed of `count` reports of `vendor` ("epic", "vista", "ihe"), a companion after every tenth.

    The same for the same seed; a count of 0 gives an empty feed.
    """
    drawer, segments = Drawer(seed), VENDORS[vendor]
    reports, messages = [], []
    for number in range(count):
        report = drawer.report(f"{vendor.upper()}{number:06}")
        texts = segments(drawer, report)
        messages.append(_message(report, number, texts))
        reports.append(report)
        if number % 10 == 9:
            messages.append(_companion(number))
    return Feed("".join(messages).encode(), reports)


def _message(report: InventedReport, number: int, texts: list[str]) -> str:
    # a study's order number stands in OBR-3, where a placer has its own in OBR-2
    exam = report.exam
    order = f"OBR|1|P{number}|{report.study_id}|{exam.code}^{exam.name}^L|||20260302093000"
    head = [
        f"MSH|^~\\&|RIS|CITY|EHR|CITY|20260302101600||ORU^R01^ORU_R01|{number}|P|2.5.1",
        f"PID|1||{90_000 + number}^^^CITY^MR||ROE^SAM||19610203|F",
        f"{order}|||||||||||||||20260302101500||{exam.modality}|F",
    ]
    return "\r".join([*head, *texts]) + "\r"


def _companion(number: int) -> str:
    head = f"MSH|^~\\&|ADT|CITY|EHR|CITY|20260302101600||ADT^A08^ADT_A01|C{number}|P|2.5.1\rEVN|A08|20260302101600\r"
    return f"{head}PID|1||{90_000 + number}^^^CITY^MR||ROE^SAM||19610203|F\rPV1|1|O\r"


class _Texts(list[str]):
    def add(self, code: str, text: str, kind: str = "TX", units: str = "") -> None:
        self.append(f"OBX|{len(self) + 1}|{kind}|{code}||{text}|{units}|||||F")

    def lines(self, code: str, lines: list[str]) -> None:
        for line in lines:
            self.add(code, line.translate(_ESCAPES))


def _epic(drawer: Drawer, report: InventedReport) -> list[str]:
    texts = _Texts()
    suffix = drawer.random.choice(("{code}&{part}^{name}^EAP", "&{part}^{name}", "&{part}"))
    gdt, imp, adt = (
        suffix.format(code=report.exam.code, name=report.exam.name, part=part) for part in ("GDT", "IMP", "ADT")
    )
    form = drawer.random.choices(("split", "whole", "html", "rtf"), (60, 30, 5, 5))[0]
    report.kinds.add(f"epic {form}")
    if form == "split":
        lines = report.findings_lines
        if drawer.chance(0.7):
            lines = drawer.section(report, drawer.heading(report, words.FINDINGS_HEADINGS), lines)
        if drawer.chance(0.6):
            heads = drawer.random.choice(words.BACKGROUND_HEADINGS)
            lines = [f"{heads[0]} {report.exam.name}", f"{heads[1]} {report.indication}.", f"{heads[3]} None.", *lines]
            # under no heading of their own they would be more of the comparison
            if lines[3] == report.findings_lines[0]:
                lines = report.findings_lines
            else:
                report.foreign.append(report.indication + ".")
        texts.lines(gdt, lines)
        lines = report.impression_lines
        if drawer.chance(0.6):
            lines = drawer.section(report, drawer.heading(report, words.IMPRESSION_HEADINGS), lines)
        texts.lines(imp, [*lines, *report.footer])
        texts.lines(adt, report.addendum)
        return texts
    text = drawer.whole(report, may_flatten=form == "whole")
    if form == "whole":
        texts.lines(gdt, text.split("\n"))
    else:
        texts.add(gdt, (as_html(text) if form == "html" else as_rtf(text)).translate(_ESCAPES), "FT")
    return texts


def _vista(drawer: Drawer, report: InventedReport) -> list[str]:
    texts = _Texts()
    number = str(drawer.random.randint(100, 999))
    texts.add("P^PROCEDURE^L", f"{number}^{report.exam.name}^L", "CE")
    whole = drawer.chance(0.25)
    report.kinds.add("vista whole" if whole else "vista R and I")
    if not whole:
        lines = report.impression_lines + report.footer
        if drawer.chance(0.2):
            lines = drawer.section(report, drawer.heading(report, words.IMPRESSION_HEADINGS), lines)
        texts.lines("I^IMPRESSION^L", lines)
    texts.add("D^DIAGNOSTIC CODE^L", "2^MINOR ABNORMALITY^L", "CE")
    report.foreign.append("MINOR ABNORMALITY")
    if drawer.chance(0.3):
        texts.add("M^MODIFIERS^L", "PORTABLE EXAM")
        report.foreign.append("PORTABLE EXAM")
    if drawer.chance(0.4):
        note = drawer.random.choice(words.TECHNOLOGIST)
        texts.add("TCM^TECH COMMENT^L", note)
        report.foreign.append(note)
        report.kinds.add("technologist")
    if whole:
        texts.lines("R^REPORT^L", drawer.whole(report).split("\n"))
        return texts
    lines = report.findings_lines
    if drawer.chance(0.3):
        lines = drawer.section(report, drawer.heading(report, words.FINDINGS_HEADINGS), lines)
    texts.lines("R^REPORT^L", lines)
    texts.lines("A^ADDENDUM^L", report.addendum)
    return texts


def _ihe(drawer: Drawer, report: InventedReport) -> list[str]:
    texts = _Texts()
    uid = f"1.2.840.99{drawer.random.randint(1000, 9999)}.7"
    texts.add("113014^DICOM Study^DCM", uid, "ST")
    report.foreign.append(uid)
    whole = drawer.chance(0.3)
    report.kinds.add("ihe whole" if whole else "ihe coded")
    if whole:
        text = drawer.whole(report).translate(_ESCAPES).replace("\n", "\\.br\\")
        texts.add("18748-4^Diagnostic Imaging Report^LN", text, "FT")
        return texts
    texts.add("18785-6^Indications for procedure^LN", f"{report.indication}.")
    texts.add("18834-2^Radiology Comparison study^LN", "None.")
    report.foreign.append(report.indication + ".")
    findings = "\n".join(report.findings_lines).translate(_ESCAPES).replace("\n", "\\.br\\")
    texts.add("59776-5^Procedure Findings^LN", findings, "FT")
    if drawer.chance(0.3):
        texts.add("300332007^Liver mass^SCT", "17 x 23", "TX", "mm^millimeter^UCUM")
        report.foreign.append("17 x 23")
    impression = "\n".join(report.impression_lines + report.footer).translate(_ESCAPES).replace("\n", "\\.br\\")
    texts.add("19005-8^Impression^LN", impression, "FT")
    if drawer.chance(0.2):
        texts.add("18783-1^Recommendation^LN", "Clinic visit within a fortnight.")
        report.foreign.append("within a fortnight")
    if report.addendum:
        report.kinds.discard("addendum")
        report.addendum = []
    if drawer.chance(0.3):
        texts.add("18748-4^Diagnostic Imaging Report^LN", "^Application^PDF^Base64^JVBERi0xLjQK", "ED")
        report.kinds.add("pdf beside")
    return texts


VENDORS: dict[str, Callable[[Drawer, InventedReport], list[str]]] = {"epic": _epic, "vista": _vista, "ihe": _ihe}
