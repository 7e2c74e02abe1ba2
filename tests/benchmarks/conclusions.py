"""Reports rejected for a conclusion in findings that have none: ``python -m tests.benchmarks.conclusions [N]``.

The findings of Open-i (``$RADRAY_DATA/openi``; skipped aloud where absent) and of N invented studies in MIMIC form
hold no conclusion: each rejection is wrong, and so is each text that is cut there. The same findings with a
conclusion put behind them, in forms with and without a heading, show what is not caught. JSON is the last line.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator

from radray.reports.formats import mimic, openi_csv
from radray.reports.record.values import to_record
from radray.reports.synthetic.studies import make_studies
from radray.schema.statuses import RejectReason
from tests.support.paths import openi_file

CONCLUSION = "Cardiomegaly without edema."
FORMS = (
    *("{} Impression: {}", "{} IMPRESSION: {}", "{}\nCONCLUSION\n{}", "{} Imrpession: {}", "{} IMPRESSION {}"),
    *("{} In summary, {}", "{} Impression - {}", "{}  Opinion: {}", "{} Conclusion {}", "{} impression: {}"),
)


def openi_findings() -> Iterator[str]:
    """Yield the findings of Open-i's reports that are ok."""
    with openi_file().open("rb") as file:
        for record in openi_csv.read(file):
            if record.status == "ok" or record.reason is RejectReason.CONCLUSION_IN_FINDINGS:
                yield record.findings or ""


def synthetic_findings(number: int) -> Iterator[str]:
    """Yield the findings of `number` invented studies."""
    for study in make_studies(number, seed=1):
        record = mimic.read(study.text.encode(), study.path)
        if record.findings:
            yield record.findings


def figures_of(findings: Iterable[str]) -> dict[str, int]:
    """Return the number of texts, those rejected or cut in vain, and conclusions that stay in findings that are ok."""
    texts = list(findings)
    alone = [to_record({"study_id": "s", "findings": text, "impression": "Normal."}, 0, "d") for text in texts]
    left = 0
    for place, text in enumerate(texts):
        given = FORMS[place % len(FORMS)].format(text, CONCLUSION)
        record = to_record({"study_id": "s", "findings": given, "impression": "Normal."}, 0, "d")
        left += record.status == "ok" and CONCLUSION in (record.findings or "")
    return {
        "texts": len(texts),
        "rejected": sum(record.reason is RejectReason.CONCLUSION_IN_FINDINGS for record in alone),
        "cut": sum(
            record.status == "ok" and record.findings != text for record, text in zip(alone, texts, strict=True)
        ),
        "conclusions_left": left,
    }


def main() -> int:
    """Print the figures of both corpora."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("number", nargs="?", type=int, default=20_000, metavar="N")
    given = parser.parse_args()
    figures = {"synthetic": figures_of(synthetic_findings(given.number))}
    if openi_file().is_file():
        figures["openi"] = figures_of(openi_findings())
    else:
        sys.stdout.write("Open-i is not here: skipped\n")
    for name, values in figures.items():
        sys.stdout.write(f"{name}: {values}\n")
    sys.stdout.write(json.dumps(figures) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
