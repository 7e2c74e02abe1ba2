"""Recall and false alarms of the clinical checks on the three test beds.

``python -m tests.benchmarks.checks [--json] [--misses CLASS] [--seed N]``: (a) synthetic pairs with seeded errors, (b)
errors seeded in memory into the real Open-i impressions (skipped with a message where they are absent: ../shared/data
or RADRAY_DATA), (c) hand-written pairs, (h) hand-written pairs held back, on which nothing is tuned. By class and bed:
the share of wrong impressions that raise their class, how many were answered "not applicable" (a miss), the share of
right impressions that raise it, those of the class's own pairs and all of the bed's, and precision, hits of all that
raise the class among those; Wilson 95 % intervals. In (b) the right impression is the radiologist's own: what it raises
is the human rate. ``--misses CLASS`` lists the misses by bed and index, and shows the text of those of (a) and (c);
``--alarms CLASS`` the false alarms.
"""

import argparse
import json
import sys
from typing import Any

from radray.checks.check import CHECKS_ID
from tests.support.beds import seeded_reals, synthetic_errors
from tests.support.beds.figures import Figures, measure, tier, wilson
from tests.support.beds.handwritten import pairs as handwritten
from tests.support.beds.pair import CLASSES, TIER_A, BedPair


def _share(hits: int, n: int) -> dict[str, float | int | None]:
    low, high = wilson(hits, n)
    return {"n": n, "hits": hits, "share": hits / n if n else None, "low": low, "high": high}


def row_of(figures: Figures) -> dict[str, object]:
    """Return the figures with their intervals, as they stand in the JSON."""
    return {
        "class": figures.error,
        "tier": "A" if figures.error in (*TIER_A, "all of tier A") else "B",
        "bed": figures.bed,
        "recall": _share(figures.hits, figures.n),
        "not_applicable": figures.not_applicable,
        "false_alarms_own": _share(figures.own_alarms, figures.own),
        "false_alarms": _share(figures.alarms, figures.controls),
        "precision": _share(figures.hits, figures.hits + figures.alarms),
    }


def _cell(share: dict[str, Any]) -> str:
    if not share["n"]:
        return f"{'-':>22}"
    return f"{100 * share['hits'] / share['n']:6.1f} [{100 * share['low']:5.1f}-{100 * share['high']:5.1f}]"


def _table(rows: list[dict[str, Any]]) -> None:
    heads = ("recall %", "own alarms %", "all alarms %", "precision %")
    sys.stdout.write(f"{'class':16}{'tier':5}{'bed':4}{'n':>6}{'n/a':>5}" + "".join(f"{h:>22}" for h in heads) + "\n")
    for row in rows:
        cells = [_cell(row[name]) for name in ("recall", "false_alarms_own", "false_alarms", "precision")]
        sys.stdout.write(
            f"{row['class']:16}{row['tier']:5}{row['bed']:4}{row['recall']['n']:6}{row['not_applicable']:5}"
        )
        sys.stdout.write("".join(f"{cell:>22}" for cell in cells) + "\n")


def _list(pairs: list[BedPair], what: str, *, wrong: bool) -> None:
    """List pairs by bed, class and index; the text of made-up ones beside it."""
    for pair in pairs:
        sys.stdout.write(f"{what} {pair.bed} {pair.error} {pair.index} {pair.way}\n")
        if pair.bed in ("a", "c"):
            impression = pair.wrong if wrong else pair.right
            sys.stdout.write(
                f"    background {pair.background!r}\n    findings   {pair.findings!r}\n    said       {impression!r}\n"
            )


def main() -> int:
    """Measure, print a table, and list what was asked for."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="the figures as one JSON object instead of the table")
    parser.add_argument("--misses", action="append", default=[], choices=CLASSES, metavar="CLASS")
    parser.add_argument("--alarms", action="append", default=[], choices=CLASSES, metavar="CLASS")
    parser.add_argument("--beds", default="abch", help="which beds, such as ac")
    parser.add_argument("--seed", type=int, help="another draw of (a) and (b): errors that nobody has looked at")
    arguments = parser.parse_args()
    beds: list[list[BedPair]] = []
    skipped = []
    seeds = {"a": synthetic_errors.SEED, "b": seeded_reals.SEED}
    if arguments.seed is not None:
        seeds = dict.fromkeys(seeds, arguments.seed)
    if "a" in arguments.beds:
        beds.append(synthetic_errors.pairs(seed=seeds["a"]))
    if "b" in arguments.beds:
        file = seeded_reals.reports_file()
        if file.is_file():
            beds.append(seeded_reals.pairs(file, seed=seeds["b"]))
        else:
            skipped.append("b")
            sys.stderr.write(
                f"bed (b) skipped: no Open-i reports at {file}; set RADRAY_DATA to the folder that has them\n"
            )
    if "c" in arguments.beds:
        beds.append(handwritten.pairs())
    if "h" in arguments.beds:
        beds.append(handwritten.held_back_pairs())
    measured = [measure(bed) for bed in beds]
    rows = [row_of(figures[error]) for error in CLASSES for figures in measured]
    rows += [row_of(tier(figures, name)) for name in "AB" for figures in measured]
    applied: dict[str, dict[str, Any]] = {
        error: {"reports": count, "ways": ways}
        for bed in beds
        if bed[0].bed == "b"
        for error, (count, ways) in seeded_reals.applied(bed).items()
    }
    if arguments.json:
        result = {"checks_id": CHECKS_ID, "seeds": seeds, "skipped": skipped, "rows": rows, "applied_b": applied}
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        sys.stdout.write(f"{CHECKS_ID}; seeds: {seeds}\n")
        _table(rows)
        for error, application in applied.items():
            few = (
                ""
                if application["reports"] >= seeded_reals.ENOUGH
                else f"; fewer than {seeded_reals.ENOUGH}: all that it can"
            )
            ways = ", ".join(f"{way} {count}" for way, count in application["ways"].items())
            sys.stdout.write(f"(b) {error}: applied to {application['reports']} reports ({ways}){few}\n")
    for figures in measured:
        for error in arguments.misses:
            _list(figures[error].missed, "missed", wrong=True)
        for error in arguments.alarms:
            _list(figures[error].raised, f"{error} raised on", wrong=False)
    return 0


if __name__ == "__main__":
    sys.exit(main())
