"""How often normality over findings, and omissions, are flagged: ``python -m tests.benchmarks.normal_over [FILE ...]``.

The classes `normal_over_abnormal` and `omission`, and `polarity` for comparison, on the reports of
``$RADRAY_DATA/openi`` with findings and impression, all of them and the validation part: for the radiologists' own
impressions, for those of the nearest report of another findings text, for the constant "No acute cardiopulmonary
abnormality.", for that constant over the reports whose reference is abnormal, and for each FILE of predictions (JSON
Lines: study_id, prediction; reports that it lacks are left out). Rates with Wilson 95 % intervals.

On the 1,384 reports: normal over abnormal 20 radiologists (1.4 % [0.9, 2.2]), 155 neighbours (11.2 % [9.6, 13.0]) and
218 of the 387 abnormal reports for the constant (56 % [51, 61]); of 50 of the neighbours' hits that were read 46 were
right. Omissions: 10 radiologists (0.7 % [0.4, 1.3]), 55 neighbours (4.0 % [3.1, 5.1]); of 50 read 43 were right.
Polarity: 2 and 29, of which 28 were right.

``--eyes N`` shows N hits, drawn by digest, of each class named by ``--class`` for ``--of radiologist``, ``neighbour``
or ``constant``, on the terminal and nowhere else. The last line is JSON.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from radray.checks.check import CheckResult
from radray.language.normality import is_normal
from radray.models.neighbours import Neighbours, carried
from radray.reports.record.record import Record
from radray.reports.splits import is_validation
from radray.settings.source import SplitSettings
from tests.benchmarks.check_rates import check_impression, open_pairs, say
from tests.benchmarks.openi_folds import as_row, report_of
from tests.support.beds.figures import wilson

SEEN = ("normal_over_abnormal", "omission", "polarity")
CONSTANT = "No acute cardiopulmonary abnormality."


def neighbours_of(records: Sequence[Record]) -> list[str]:
    """Return, for each record, the impression of the most similar one of another findings text."""
    reports = [report_of(record) for record in records]
    rows = [as_row(report, place) for place, report in enumerate(reports)]
    near = Neighbours(carried(rows, (report.reference for report in reports))).nearest(rows, 1)
    return [nearest.impression for (nearest,) in near]


def read_predictions(path: Path) -> Mapping[str, str]:
    """Return the predictions of a JSON Lines file by study id. Raises KeyError for a line without one of the two."""
    lines = (json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip())
    return {str(line["study_id"]): line["prediction"] for line in lines}


def _show(record: Record, impression: str, result: CheckResult, name: str) -> None:
    places = next(part for part in result.evidence.split("; ") if part.startswith(f"{name} ")).split()[1:]
    texts = {"impression": impression, "findings": record.findings or "", "background": record.background or ""}
    words = []
    for place in places:
        form, _, span = place.partition(":")
        start, end = map(int, span.split("-"))
        words.append(f"{form}[{texts[form][start:end]}]")
    say(f"--- {name} {record.study_id}: {' '.join(words)}")
    for form, text in texts.items():
        say(f"    {form}: {text}")


def main() -> int:
    """Check, print, and return 0."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("predictions", nargs="*", type=Path, metavar="FILE", help="predictions, JSON Lines")
    parser.add_argument("--eyes", type=int, default=0, metavar="N", help="show the texts of N hits a class")
    parser.add_argument("--class", dest="classes", action="append", choices=SEEN, help="of --eyes; more than once")
    parser.add_argument("--of", default="radiologist", help="whose hits --eyes shows")
    given = parser.parse_args()
    records = open_pairs()
    split = SplitSettings()
    parts = {
        "all": [True] * len(records),
        "validation": [
            is_validation(report_of(record).key, fraction=split.validation_fraction, seed=split.seed)
            for record in records
        ],
    }
    abnormal = [is_normal(record.reference or "") is False for record in records]
    writers: dict[str, list[str | None]] = {
        "radiologist": [record.reference for record in records],
        "neighbour": list(neighbours_of(records)),
        "constant": [CONSTANT] * len(records),
        "constant over abnormal": [CONSTANT if over else None for over in abnormal],
        "neighbour over abnormal, reads normal": [None] * len(records),
    }
    writers["neighbour over abnormal, reads normal"] = [
        text if over and is_normal(text or "") else None
        for text, over in zip(writers["neighbour"], abnormal, strict=True)
    ]
    for path in given.predictions:
        known = read_predictions(path)
        writers[path.name] = [known.get(str(record.study_id)) for record in records]
    figures: dict[str, object] = {}
    for writer, texts in writers.items():
        results = [
            None if text is None else check_impression(record, text)
            for record, text in zip(records, texts, strict=True)
        ]
        for part, inside in parts.items():
            of_part = [result for result, is_in in zip(results, inside, strict=True) if result and is_in]
            for name in SEEN:
                hits, n = sum(bool(result.flags[name]) for result in of_part), len(of_part)
                low, high = wilson(hits, n)
                say(
                    f"{part:11}{writer:38}{name:22}{hits:5} of {n:5}"
                    f" {100 * hits / max(n, 1):6.2f} % [{100 * low:.2f}, {100 * high:.2f}]"
                )
                figures[f"{part}/{writer}/{name}"] = [hits, n]
        if writer == given.of:
            for name in given.classes or SEEN[:2] if given.eyes else ():
                shown = [i for i, result in enumerate(results) if result and result.flags[name]]
                shown.sort(key=lambda i: hashlib.sha256(str(records[i].study_id).encode()).digest())
                for i in shown[: given.eyes]:
                    text, result = texts[i], results[i]
                    if text is not None and result is not None:
                        _show(records[i], text, result, name)
    say(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
