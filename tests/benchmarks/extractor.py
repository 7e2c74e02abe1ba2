"""The extractor against Open-i's human codes: ``python -m tests.benchmarks.extractor [--eyes CONCEPT]``.

Findings and impression of every report with both and with codes are read by `find_mentions`; a concept counts as
found where it, or a kind of it, is present or uncertain. Recall is over the reports whose codes ask for the concept
("itself": as the concept and not as a neighbour, such as an opacity for an airspace disease), precision over those
where it was found; both with 95 % Wilson intervals. The coders left much out, so the precision is a lower bound. The
table was made with these reports at hand: how it does on others is not measured. Also printed: missed codes by
unit id and concept, the findings stratum against the codes, and normal references over findings. With ``--eyes`` the
texts of one concept's misses are printed, to be read, not kept. JSON is the last line. Needs RADRAY_DATA (or
../shared/data beside the checkout), and prints a message where it is absent.
"""

import argparse
import json
import sys
import time
from collections import Counter

from radray.language.findings_stratum import findings_stratum
from radray.language.lexicon.concepts import CONCEPTS, ancestors
from radray.language.mentions import State, find_mentions
from radray.language.normality import is_normal
from radray.reports.formats import openi_csv as openi
from radray.reports.record.record import Record
from radray.schema.statuses import ReportStatus
from radray.tasks.codes import CODED, meets, parse_codes
from tests.support.beds.figures import wilson
from tests.support.paths import data_folder

_WORDS_FOR_CODES = {"normal": "normal", "no indexing": "none", "": "none"}


def read_records() -> list[Record]:
    """Return the reports with findings and impression."""
    data = data_folder()
    file = data / "openi" / "indiana_reports.csv"
    if not file.is_file():
        sys.exit(f"skipped: no Open-i reports at {file}; set RADRAY_DATA to the folder that has them")
    with file.open("rb") as rows:
        return [r for r in openi.read(rows) if r.status == ReportStatus.OK and r.findings and r.reference]


def extracted_concepts(text: str) -> set[str]:
    """Return the concepts `text` has as present or uncertain, with all they are a kind of."""
    named = {m.concept for m in find_mentions(text) if m.state != State.ABSENT and not CONCEPTS[m.concept].normal}
    return named.union(*map(ancestors, named))


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--eyes", metavar="CONCEPT", help="print the texts of this concept's misses to the terminal")
    parser.add_argument("--false", action="store_true", help="with --eyes: mentions without a code instead")
    eyes = parser.parse_args()
    records = read_records()
    texts = [f"{record.findings}\n{record.reference}" for record in records]
    best = float("inf")
    for _ in range(3):
        start = time.process_time()
        for text in texts:
            find_mentions(text)
        best = min(best, time.process_time() - start)
    words = sum(len(text.split()) for text in texts) / len(texts)
    coded = [
        (record.study_id, text, parse_codes(record.human_codes or ""), extracted_concepts(text), record)
        for record, text in zip(records, texts, strict=True)
        if record.human_codes and "no indexing" not in record.human_codes.lower()
    ]
    _tell(
        f"{len(records)} reports, {len(coded)} with codes; "
        f"{best / len(texts) * 1e6:.0f} us a report of {words:.0f} words"
    )
    _tell(f"{'concept':28} {'codes':>5} {'recall':>22} {'itself':>6} {'found':>6} {'precision (bound)':>22}")
    results, misses = {}, []
    totals = Counter[str]()
    for row in CODED:
        # what a kind of the concept was found for is excused where it has codes of its own
        obliged = [entry for entry in coded if any(meets(entry[2], code) for code in row.codes + row.loose)]
        hit = [entry for entry in obliged if entry[3].intersection(row.expected)]
        claimed = [entry for entry in coded if row.id in entry[3]]
        kinds = [kind for kind in CODED if row.id in ancestors(kind.id)]
        excuses = [code for each in (row, *kinds) for code in each.excuses]
        right = [entry for entry in claimed if any(meets(entry[2], code) for code in excuses)]
        strict = sum(row.id in entry[3] for entry in obliged)
        missed = [entry for entry in obliged if not entry[3].intersection(row.expected)]
        misses += [(row.id, entry[0]) for entry in missed]
        totals.update(codes=len(obliged), hit=len(hit), strict=strict, found=len(claimed), right=len(right))
        results[row.id] = {
            "codes": len(obliged),
            "recalled": len(hit),
            "strict": strict,
            "found": len(claimed),
            "right": len(right),
        }
        _tell(
            f"{row.id:28} {len(obliged):5} {_share(len(hit), len(obliged)):>22} {strict:6} {len(claimed):6} "
            f"{_share(len(right), len(claimed)):>22}"
        )
        if eyes.eyes == row.id:
            wrong = [entry for entry in claimed if entry not in right]
            for study, text, _, _, record in wrong if eyes.false else missed:
                _tell(f"--- {study}: {record.human_codes}\n{text}")
    _tell(
        f"{'all':28} {totals['codes']:5} {_share(totals['hit'], totals['codes']):>22} {totals['strict']:6} "
        f"{totals['found']:6} "
        f"{_share(totals['right'], totals['found']):>22}"
    )
    _tell("misses:", "; ".join(f"{concept} {study}" for concept, study in misses))
    strata = Counter(
        (findings_stratum(record.findings or ""), _WORDS_FOR_CODES.get((record.human_codes or "").lower(), "coded"))
        for record in records
    )
    for (stratum, codes), n in sorted(strata.items()):
        _tell(f"findings {stratum}, codes {codes}: {n}")
    incidental = sum(
        is_normal(record.reference or "") is True
        and (record.human_codes or "").lower() not in ("normal", "no indexing")
        for record in records
    )
    _tell(f"normal references over codes other than normal: {incidental} of {len(records)}")
    over = sum(
        is_normal(record.reference or "") is True and findings_stratum(record.findings or "") == "abnormal"
        for record in records
    )
    _tell(f"normal references over coded findings: {over} of {len(records)}")
    _tell(
        json.dumps(
            {
                "concepts": results,
                "normal_over_findings": over,
                "normal_over_codes": incidental,
                "us": round(best / len(texts) * 1e6),
            }
        )
    )


def _tell(line: str, *more: str) -> None:
    sys.stdout.write(" ".join((line, *more)) + "\n")


def _share(hits: int, n: int) -> str:
    if n == 0:
        return "-"
    low, high = wilson(hits, n)
    return f"{100 * hits / n:.1f} [{100 * low:.1f}, {100 * high:.1f}]"


if __name__ == "__main__":
    main()
