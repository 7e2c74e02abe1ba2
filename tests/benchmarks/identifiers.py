"""Residual identifiers on what no rule was written from: ``python -m tests.benchmarks.identifiers [--list]``.

tests/support/beds/identifiers/planted.jsonl has 160 sentences with one identifier each, of 21 kinds, and harmless.txt
84 sentences that look like ones; both were written by hand and frozen (`DIGESTS`) before the rules were written.
Printed: by kind, planted identifiers that are seen at all and under their kind, with Wilson 95 % intervals; harmless
sentences with an alarm; of 300 real reports (a seeded draw from the half of Open-i whose uid has an odd sha256; the
rules were tried on the other half), those with an alarm, dates of exams apart; of all radiologists' impressions there,
those that would be withheld had a model written them; and microseconds of process time a
report, the least of five rounds: Open-i's four texts, and made-up reports in MIMIC-CXR's form beside what their parsing
takes. ``--list`` shows what was missed or raised of the made-up sentences; of real reports the kinds alone. JSON is the
last line.
"""

import csv
import hashlib
import json
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from radray.checks.identifiers.find import find_identifiers
from radray.checks.identifiers.kinds import ORDINARY
from radray.checks.identifiers.written import invents_identifier
from radray.reports.formats import mimic, openi_csv
from radray.reports.record.residual import residual_kinds
from radray.reports.synthetic.studies import make_studies
from radray.schema.statuses import ReportStatus
from tests.support.beds.figures import wilson
from tests.support.paths import openi_file

BED = Path(__file__).parents[1] / "support" / "beds" / "identifiers"
DIGESTS = {
    "planted.jsonl": "165e323b47f66b4c5678d189d23dbecd1419d4df54ba091a7bedd0eadd32ddad",
    "harmless.txt": "2ef9f6dce19bcfe6c5190b7ac9091527abcb55027e4cc1c2b0059396b11d6887",
}
"""SHA-256 of the files, taken before any rule was run on them."""
NAMES = {"patient": "name", "clinician": "name"}
"""Planted kinds that the rules do not tell apart."""
DRAWN, SEED = 300, 22
TEXTS = ("indication", "comparison", "findings", "impression")
SYNTHETIC = 500
ROUNDS = 5


def planted() -> list[dict[str, Any]]:
    """Return the planted sentences: kind, text, start and end of the identifier."""
    return [json.loads(line) for line in (BED / "planted.jsonl").read_text(encoding="utf-8").splitlines()]


def harmless() -> list[str]:
    """Return the sentences without an identifier."""
    return (BED / "harmless.txt").read_text(encoding="utf-8").splitlines()


def recall() -> dict[str, tuple[int, int, int]]:
    """Return by planted kind: identifiers, those seen, and those seen under their kind."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for case in planted():
        kinds = {
            each.kind
            for each in find_identifiers(case["text"])
            if each.start < case["end"] and case["start"] < each.end
        }
        of_kind = counts[case["kind"]]
        of_kind[0] += 1
        of_kind[1] += bool(kinds)
        of_kind[2] += NAMES.get(case["kind"], case["kind"]) in kinds
    return {kind: (n, seen, named) for kind, (n, seen, named) in counts.items()}


def openi_texts() -> list[str]:
    """Return the texts of the reports of Open-i that no rule was tried on, those without any left out."""
    with openi_file().open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["findings"] or row["impression"]]
    odd = (row for row in rows if int(hashlib.sha256(row["uid"].encode()).hexdigest(), 16) % 2)
    return ["\n".join(row[name] or "" for name in TEXTS) for row in odd]


def withheld() -> tuple[int, int]:
    """Return how many impressions Open-i's reports have, and how many have an identifier that their input lacks."""
    with openi_file().open("rb") as file:
        records = [record for record in openi_csv.read(file) if record.status is ReportStatus.OK and record.reference]
    hits = sum(
        invents_identifier(
            str(record.reference), (str(record.study_id),), (str(record.findings), record.background or "")
        )
        for record in records
    )
    return len(records), hits


def microseconds(work: Callable[[Any], object], items: Sequence[Any]) -> float:
    """Return the process time of `work` an item of `items`, microseconds, of the fastest round."""
    best = float("inf")
    for _ in range(ROUNDS):
        began = time.process_time()
        for item in items:
            work(item)
        best = min(best, time.process_time() - began)
    return 1e6 * best / max(len(items), 1)


def _line(name: str, hits: int, n: int, rest: str = "") -> str:
    low, high = wilson(hits, n)
    return f"{name:28}{hits:4} of {n:3}  {100 * hits / max(n, 1):5.1f} % [{100 * low:.0f}, {100 * high:.0f}]{rest}\n"


def _list() -> None:
    for case in planted():
        seen = find_identifiers(case["text"])
        if not any(each.start < case["end"] and case["start"] < each.end for each in seen):
            sys.stdout.write(f"missed {case['kind']}: {case['text']}\n")
    for text in harmless():
        for each in find_identifiers(text):
            sys.stdout.write(f"alarm {each.kind}: {text}\n")


def main() -> None:
    """Measure and print."""
    result: dict[str, Any] = {"recall": {}}
    counts = recall()
    for kind, (n, seen, named) in counts.items():
        sys.stdout.write(_line(kind, seen, n, f"; {named} as such"))
        result["recall"][kind] = [n, seen, named]
    total = [sum(column) for column in zip(*counts.values(), strict=True)]
    sys.stdout.write(_line("all", total[1], total[0], f"; {total[2]} as such"))
    texts = harmless()
    alarms = sum(bool(find_identifiers(text)) for text in texts)
    sys.stdout.write(_line("harmless with an alarm", alarms, len(texts)))
    result |= {"all": total, "harmless": [len(texts), alarms]}
    if openi_file().is_file():
        real = openi_texts()
        drawn = Random(SEED).sample(real, DRAWN)
        kinds = [{each.kind for each in find_identifiers(text)} for text in drawn]
        raised = [sorted(seen - ORDINARY) for seen in kinds if seen - ORDINARY]
        sys.stdout.write(_line("real reports with an alarm", len(raised), DRAWN, f"; {raised}"))
        n, hits = withheld()
        sys.stdout.write(_line("impressions withheld", hits, n))
        cost = microseconds(find_identifiers, real)
        sys.stdout.write(f"{cost:.1f} us a report of Open-i, {sum(map(len, real)) / len(real):.0f} characters\n")
        result |= {"openi": [DRAWN, len(raised)], "withheld": [n, hits], "openi_us": round(cost, 1)}
    else:
        sys.stderr.write(f"no Open-i reports at {openi_file()}; set RADRAY_DATA to the folder that has them\n")
    studies = [study.text.encode() for study in make_studies(SYNTHETIC, SEED)]
    records = [mimic.read(text, "files/p10/p10000000/s50000000.txt") for text in studies]
    parse = microseconds(lambda text: mimic.read(text, "files/p10/p10000000/s50000000.txt"), studies)
    cost = microseconds(residual_kinds, records)
    length = sum(map(len, studies)) / len(studies)
    sys.stdout.write(f"{cost:.1f} us a made-up report of {length:.0f} characters, whose parsing takes {parse:.1f} us\n")
    result |= {"synthetic_us": round(cost, 1), "parse_us": round(parse, 1)}
    if "--list" in sys.argv:
        _list()
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
