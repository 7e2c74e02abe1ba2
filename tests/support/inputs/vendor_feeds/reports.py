"""Invented reports: what is right for each is drawn first, then the words that senders put around it."""

import html
import textwrap
from dataclasses import dataclass, field
from random import Random

from tests.support.inputs.vendor_feeds import words


@dataclass(slots=True)
class InventedReport:
    """A report as drawn; its texts as lines, without the sections' headings."""

    study_id: str
    exam: words.Exam
    indication: str
    findings_lines: list[str]
    impression_lines: list[str]
    findings: str | None
    """What is right, cleaned; None where the findings say nothing."""
    reference: str
    kinds: set[str] = field(default_factory=set)
    """What was done to it: footer, addendum, page_break, flattened, ..."""
    foreign: list[str] = field(default_factory=list)
    """Lines, names and numbers that belong neither to findings nor to reference."""
    footer: list[str] = field(default_factory=list)
    addendum: list[str] = field(default_factory=list)


class Drawer:
    """Draws reports and their dress, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)

    def chance(self, share: float) -> bool:
        """Return whether an event of this share happens."""
        return self.random.random() < share

    def report(self, study_id: str) -> InventedReport:
        """Return a report with its footer and addendum, not yet dressed."""
        random = self.random
        exam = random.choice(words.EXAMS)
        findings = random.sample(exam.findings, random.randint(3, len(exam.findings)))
        impression = random.sample(exam.impression, random.randint(1, min(3, len(exam.impression))))
        report = InventedReport(study_id, exam, random.choice(words.INDICATIONS), [], [], None, " ".join(impression))
        right = list(findings)
        if self.chance(0.08):
            masked, cleaned = random.choice(words.MASKED)
            findings.append(masked)
            right.append(cleaned)
            report.kinds.add("mask")
        if self.chance(0.1):
            organs = [" ".join(pair) for pair in random.sample(words.ORGANS, 2)]
            findings += organs
            right += organs
            report.kinds.add("organs")
        report.findings = " ".join(right)
        report.findings_lines = textwrap.wrap(" ".join(findings), random.choice((68, 78, 200)), break_on_hyphens=False)
        if self.chance(0.15):
            impression.append(random.choice(words.COMMUNICATION))
            report.reference = " ".join(impression)
            report.kinds.add("communication")
        if len(impression) > 1 and self.chance(0.6):
            form = random.choice(("{}. {}", "{}) {}", "- {1}"))
            report.impression_lines = [form.format(place, item) for place, item in enumerate(impression, 1)]
            report.kinds.add("items")
        else:
            report.impression_lines = textwrap.wrap(" ".join(impression), 78, break_on_hyphens=False)
        if self.chance(0.05) and "organs" not in report.kinds:
            report.findings_lines, report.findings = [random.choice(words.PLACEHOLDERS)], None
            report.kinds.add("placeholder")
        if self.chance(0.7):
            report.footer = self._filled(report, random.choice(words.FOOTERS))
            if self.chance(0.2):
                report.footer += self._filled(report, random.choice(words.FOOTERS))
            report.kinds.add("footer")
        if self.chance(0.12):
            report.addendum = self._filled(report, random.choice(words.ADDENDA))
            report.kinds.add("addendum")
        return report

    def _filled(self, report: InventedReport, lines: tuple[str, ...]) -> list[str]:
        random = self.random
        first, last, other = random.choice(words.FIRST), random.choice(words.LAST), random.choice(words.LAST)
        number = str(random.randint(1_000_000, 9_999_999))
        date = f"{random.randint(1, 12):02}/{random.randint(1, 28):02}/20{random.randint(10, 25)}"
        values = {
            "name": f"{first} {last}",
            "first": first,
            "last": last,
            "upper": f"{last.upper()},{first.upper()}",
            "other": f"{random.choice(words.FIRST)} {other}",
            "cred": random.choice(words.CREDENTIALS),
            "initials": f"{first[0]}{last[0]}{other[0]}".upper(),
            "low": "kq",
            "number": number,
            "two": number[:2],
            "date": date,
            "time": f"{random.randint(7, 19)}:{random.randint(10, 59)} {random.choice(('AM', 'PM'))}",
            "note": random.choice(words.NOTES),
        }
        filled = [line.format(**values) for line in lines]
        report.foreign += [last, other, number, date, *(line.strip(" *-:.") for line in filled if len(line) > 8)]
        return filled

    def heading(self, report: InventedReport, of: dict[str, tuple[str, ...]]) -> str:
        """Return a heading in a dress that is named among the report's kinds."""
        dress = self.random.choices(list(of), [8, 5, *[1] * (len(of) - 2)])[0]
        report.kinds.add(f"{dress} heading")
        return self.random.choice(of[dress])

    def section(self, report: InventedReport, heading: str, lines: list[str]) -> list[str]:
        """Return a section's lines: its heading on a line of its own, or before the first line."""
        if not heading.endswith((":", " -")) or self.chance(0.5):
            return [*heading.split("\n"), *lines]
        return [f"{heading} {lines[0]}", *lines[1:]]

    def broken(self, report: InventedReport, lines: list[str]) -> list[str]:
        """Return `lines` with a page break among them."""
        if len(lines) < 2:
            return lines
        at = self.random.randint(1, len(lines) - 1)
        number = str(self.random.randint(10_000, 99_999))
        report.kinds.add("page break")
        report.foreign += [number, "(Over)", "(Cont)"]
        header = [f"  {report.exam.name}    Clip # {number}", f"  Reason: {report.indication}", "_" * 60]
        return [*lines[:at], " " * 50 + "(Over)", "", *header, "   FINAL REPORT", "  (Cont)", *lines[at:]]

    def whole(self, report: InventedReport, *, addendum: bool = True, may_flatten: bool = True) -> str:
        """Return the text of the whole report, with headings, footer and addendum."""
        exam, indication, technique, comparison = self.random.choice(words.BACKGROUND_HEADINGS)
        findings_lines, impression_lines = report.findings_lines, report.impression_lines
        if report.findings is not None and self.chance(0.08):
            findings_lines = self.broken(report, findings_lines)
        parts = [
            [f"{exam} {report.exam.name}"],
            [f"{indication} {report.indication}."],
            [f"{technique} {self.random.choice(('Routine protocol.', 'Standard views were obtained.'))}"],
            [f"{comparison} {self.random.choice(('None.', 'None available.', 'Film of last spring.'))}"],
            self.section(report, self.heading(report, words.FINDINGS_HEADINGS), findings_lines),
            self.section(report, self.heading(report, words.IMPRESSION_HEADINGS), impression_lines),
        ]
        if self.chance(0.1):
            note = self.random.choice(words.TECHNOLOGIST)
            parts.insert(2, [f"TECHNOLOGIST NOTES: {note}"])
            report.foreign.append(note)
            report.kinds.add("technologist")
        report.foreign += [report.indication + ".", "Routine protocol", "Standard views", "Film of last spring"]
        if report.footer:
            parts.append(report.footer)
        if addendum and report.addendum:
            parts.append(report.addendum)
        if self.chance(0.08):
            note = "A repeat in three months is advised."
            heading = self.random.choice(("RECOMMENDATION:", "Recommendations:"))
            parts.insert(6, [f"{heading} {note}"])
            report.foreign.append(note)
            report.kinds.add("recommendation")
        flat = all(":" in part[0] for part in parts[:6]) and "page break" not in report.kinds and may_flatten
        if flat and self.chance(0.15) and not (report.addendum or "items" in report.kinds):
            report.kinds.add("flattened")
            joint = self.random.choice((" ", "  ", " ", "  ", ""))
            return joint.join(" ".join(part) for part in parts)
        between = self.random.choice(("\n", "\n\n", "\n \n"))
        return between.join("\n".join(part) for part in parts)


def as_html(text: str) -> str:
    """Return `text` as a page of HTML, a ``<br>`` for each line end."""
    return "<html><body><p>" + html.escape(text, quote=False).replace("\n", "<br/>") + "</p></body></html>"


def as_rtf(text: str) -> str:
    """Return `text` as RTF, a ``\\par`` for each line end."""
    escaped = text.replace("\\", "\\\\").replace("{", "\\{").replace("}", "\\}")
    return "{\\rtf1\\ansi{\\fonttbl\\f0 Arial;}\\f0 " + escaped.replace("\n", "\\par ") + "}"
