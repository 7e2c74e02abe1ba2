"""Feeds of three vendors through the HL7 reader: ``python -m tests.benchmarks.feeds [2000] [--seed 1] [--show 0]``.

Invented reports in the forms of an Epic-like system, of VistA and of IHE's codes, with footers, addenda, companions,
page breaks, headings in many dresses and markup (tests/support/inputs/vendor_feeds). Counted are leaks (a heading, a
name line or an identifier left in findings or reference), other differences from what is right, references that lost
words of their own, and rejections; then what came out wrong by kind of dress. ``--show`` prints that many examples of
each; the texts are invented. The last line is JSON, of shares.
"""

import argparse
import collections
import json
import sys

from tests.support.inputs.vendor_feeds.judging import Verdict, judge
from tests.support.inputs.vendor_feeds.messages import VENDORS, make_feed

WRONGS = ("leak", "findings", "reference", "cut", "rejected", "kept", "missing")


def main() -> None:
    """Judge a third of the reports of each vendor and print the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reports", type=int, nargs="?", default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", type=int, default=0)
    args = parser.parse_args()
    shares = {}
    verdicts: list[Verdict] = []
    _write("vendor", "reports", *WRONGS)
    for place, vendor in enumerate(VENDORS):
        count = (args.reports + place) // len(VENDORS)
        judged = list(judge(make_feed(vendor, count, args.seed + place)))
        wrongs = collections.Counter(wrong for verdict in judged for wrong in verdict.wrong)
        _write(vendor, count, *(wrongs[wrong] for wrong in WRONGS))
        shares[vendor] = {wrong: wrongs[wrong] / max(1, count) for wrong in WRONGS}
        verdicts += judged
    _print_kinds(verdicts)
    if args.show:
        _print_examples(verdicts, args.show)
    _write(json.dumps(shares))


def _write(*values: object) -> None:
    sys.stdout.write("\t".join(map(str, values)) + "\n")


def _print_kinds(verdicts: list[Verdict]) -> None:
    """Print, for each kind of dress, the reports that have it and those of them that came out wrong."""
    total = collections.Counter(kind for verdict in verdicts for kind in verdict.report.kinds)
    wrong = collections.Counter(kind for verdict in verdicts if verdict.wrong for kind in verdict.report.kinds)
    for kind, count in sorted(total.items()):
        _write(kind, f"{wrong[kind]} of {count}")


def _print_examples(verdicts: list[Verdict], most: int) -> None:
    for wrong in WRONGS:
        having = [verdict for verdict in verdicts if wrong in verdict.wrong]
        for report, record, _ in having[:most]:
            _write(f"\n{wrong} {report.study_id} {sorted(report.kinds)} {record.reason if record else ''}")
            _write(" right:", report.findings, "|", report.reference)
            if record is not None:
                _write(" came: ", record.findings, "|", record.reference, "|", record.reference_raw)
                if wrong in ("leak", "rejected", "findings"):
                    _write(" sections:", record.sections)


if __name__ == "__main__":
    main()
