"""How often radiologists' own impressions trip the checks: ``python -m tests.benchmarks.check_rates [--eyes CLASS]``.

Every Open-i report with findings and an impression (1,384) is checked as a prediction would be. Printed by class: to
how many reports it applies, how many it hits, the rate with its 95 % Wilson interval, and the study ids of the hits,
so that each can be read; then the rates of Tier A together and the time a report. A mask in a reference comes
from de-identification and not from the radiologist: it is shown and left out of the sum. ``--eyes CLASS``, or ``all``,
shows the texts of the hits of a class on the terminal, nowhere else. The last line is JSON.
"""

import argparse
import json
import sys
import time

from radray.checks.check import CheckResult, check
from radray.flags import TIER_A, TIER_B
from radray.language.mentions import find_mentions
from radray.reports.formats import openi_csv as openi
from radray.reports.record.record import Record
from tests.support.beds.figures import wilson
from tests.support.paths import openi_file


def say(line: str = "") -> None:
    """Write a line of the output."""
    sys.stdout.write(f"{line}\n")


def open_pairs() -> list[Record]:
    """Return the Open-i reports that have both texts."""
    source = openi_file()
    if not source.is_file():
        raise SystemExit(f"{source} is not there: set RADRAY_DATA to the folder of the reports")
    with source.open("rb") as file:
        return [record for record in openi.read(file) if record.findings and record.reference]


def check_impression(record: Record, impression: str | None) -> CheckResult:
    """Return the checks of `impression`, as one that was written from the findings of `record`."""
    return check(
        impression,
        record.findings or "",
        record.background,
        modality=record.modality,
        body_part=record.body_part,
    )


def _show(record: Record, checked: CheckResult, name: str) -> None:
    evidence = [part for part in checked.evidence.split("; ") if part.startswith(f"{name} ")]
    texts = {
        "impression": record.reference or "",
        "findings": record.findings or "",
        "background": record.background or "",
    }
    say(f"--- {name} {record.study_id} (comparison {record.comparison_state})")
    for part in evidence:
        words = []
        for place in part.split()[1:]:
            form, _, span = place.partition(":")
            start, end = map(int, span.split("-"))
            words.append(f"{form}[{texts[form][start:end]}]")
        say("    > " + " ".join(words))
    for form, text in texts.items():
        say(f"    {form}: {text}")


def main() -> int:
    """Check all pairs, print, and return 0."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument(
        "--eyes", action="append", default=[], metavar="CLASS", help="show the texts of the hits of CLASS"
    )
    parser.add_argument("--first", type=int, default=None, metavar="N", help="with --eyes: of N hits a class")
    wanted = parser.parse_args()
    records = open_pairs()
    check_impression(records[0], records[0].reference)
    find_mentions.cache_clear()
    start = time.process_time()
    results = [check_impression(record, record.reference) for record in records]
    seconds = time.process_time() - start
    figures: dict[str, object] = {"reports": len(records), "microseconds": round(seconds / len(records) * 1e6, 1)}
    any_hit = 0
    for checked in results:
        any_hit += any(checked.flags[name] for name in TIER_A if name != "mask")
    for tier in (TIER_A, TIER_B):
        for name in tier:
            states = [checked.flags[name] for checked in results]
            n = sum(state is not None for state in states)
            hits = [i for i, state in enumerate(states) if state]
            low, high = wilson(len(hits), n)
            ids = " ".join(str(records[i].study_id) for i in hits[:60]) + (" ..." if len(hits) > 60 else "")
            rate = f"{100 * len(hits) / max(n, 1):6.2f} % [{100 * low:.2f}, {100 * high:.2f}]"
            say(f"{name:16}{len(hits):5} of {n}  {rate}  {ids}")
            figures[name] = [len(hits), n]
        say()
    total = sum(figures[name][0] for name in TIER_A if name != "mask")
    say(f"Tier A without mask: {total} hits, {100 * total / len(records):.2f} % in sum; {any_hit} reports")
    ordered = [checked.most_urgent_first for checked in results if checked.most_urgent_first is not None]
    say(f"followup {sum(c.followup for c in results)}; most urgent first {sum(ordered)} of {len(ordered)}")
    figures |= {"tier_a": total, "tier_a_reports": any_hit}
    for name in (*TIER_A, *TIER_B):
        if name in wanted.eyes or "all" in wanted.eyes:
            shown = [i for i, checked in enumerate(results) if checked.flags[name]]
            for i in shown[: wanted.first]:
                _show(records[i], results[i], name)
    say(f"{figures['microseconds']} us a report, mentions of both texts among it")
    say(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
