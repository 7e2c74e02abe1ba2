"""How often the most urgent item stands first, as written and in order: ``python -m tests.benchmarks.urgent_first``.

Of the impressions of ``$RADRAY_DATA/openi``: the radiologists' beside findings, on which the rules were developed, and
those of reports without findings (most of them findings under the wrong heading), which they were tried on afterwards.
``--eyes`` prints each impression that is put in another order, as it was and as it is: for reading by eye, here alone.
The last line is JSON.
"""

import csv
import json
import sys

from radray.checks.check import check
from radray.reports.text.cleaning import clean
from radray.tasks.impression.order import order_by_criticality
from tests.benchmarks.trained_model import say
from tests.support.paths import openi_file


def measure(impressions: list[str], *, eyes: bool) -> dict[str, int]:
    """Return how many impressions the question applies to, and in how many the most urgent stands first."""
    figures = {
        "impressions": len(impressions),
        "several_with_urgent": 0,
        "as_written": 0,
        "in_order": 0,
        "reordered": 0,
    }
    for text in impressions:
        ordered = order_by_criticality(text)
        before, after = (check(each, text, None).most_urgent_first for each in (text, ordered.text))
        figures["several_with_urgent"] += before is not None
        figures["as_written"] += before is True
        figures["in_order"] += after is True
        figures["reordered"] += ordered.order is not None
        if eyes and ordered.order is not None:
            say(f"- {text}\n+ {ordered.text} [{ordered.order}]\n")
    return figures


def main() -> int:
    """Measure and print."""
    with openi_file().open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["impression"].strip()]
    eyes = "--eyes" in sys.argv
    beside, alone = (
        [clean(row["impression"]) for row in rows if bool(row["findings"].strip()) is known] for known in (True, False)
    )
    figures = {"beside findings": measure(beside, eyes=eyes), "without findings": measure(alone, eyes=eyes)}
    for name, counts in figures.items():
        say(f"{name:18} {counts}")
    say(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
