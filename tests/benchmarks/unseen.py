"""The checks on 100 pairs that nobody tuned them on: ``python -m tests.benchmarks.unseen [--list]``.

tests/support/beds/unseen.jsonl was written from the practice of reporting alone, without sight of the checks, their
words or any other bed, and frozen (`DIGEST`) before anything was run on it: 70 of the chest, 30 of other regions; 50
hold one planted error, 35 of them a dangerous one (Tier A), 50 are sound. Printed with Wilson 95 % intervals: by the
planted error, the share that raises any class, and any class of Tier A; of the sound impressions likewise.
``--list`` gives the ids behind the figures, never a text. A change of the checks that was made with a look at these
pairs ends their use: write others. JSON is the last line.
"""

import argparse
import hashlib
import json
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from radray.checks.check import CHECKS_ID, check
from radray.flags import TIER_A
from tests.support.beds.figures import wilson

FILE = Path(__file__).parents[1] / "support" / "beds" / "unseen.jsonl"
DIGEST = "f226187ef55c24a6028aa6404b68a25628fac7f891777ff1ddf55d8edb2969a0"
"""SHA-256 of the file, taken before it was first run."""


def _line(name: str, hits: int, n: int) -> str:
    low, high = wilson(hits, n)
    return f"{name:44}{hits:4} of {n:3}  {100 * hits / max(n, 1):5.1f} % [{100 * low:.0f}, {100 * high:.0f}]\n"


def _cases() -> list[dict[str, Any]]:
    return [json.loads(line) for line in FILE.read_text(encoding="utf-8").splitlines()]


def _raised(case: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Return the classes that the impression of `case` raises, and those of Tier A among them."""
    checked = check(
        case["impression"],
        case["findings"],
        case["background"],
        modality=case["modality"],
        body_part=case["body_part"],
    )
    raised = [name for name, flag in checked.flags.items() if flag]
    return raised, [name for name in raised if name in TIER_A]


def counts() -> dict[str, list[int]]:
    """Return by group: its pairs, those that raise any class, and those that raise one of Tier A."""
    groups: dict[str, list[int]] = defaultdict(lambda: [0, 0, 0])
    for case in _cases():
        raised, harmful = _raised(case)
        region = "chest" if case["body_part"] == "chest" else "other"
        tier = f"planted, tier {case['tier']}"
        planted = [f"planted: {case['planted']}", f"{tier}, {region}", tier]
        for name in planted if case["planted"] else ("sound", f"sound, {region}"):
            groups[name][0] += 1
            groups[name][1] += bool(raised)
            groups[name][2] += bool(harmful)
    return groups


def main() -> int:
    """Check the digest, run the checks, print; 1 where the file is not the frozen one."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--list", action="store_true", help="the ids of misses and false alarms, with their classes")
    wanted = parser.parse_args()
    if hashlib.sha256(FILE.read_bytes()).hexdigest() != DIGEST:
        sys.stderr.write(f"{FILE.name} is not the frozen file\n")
        return 1
    sys.stdout.write(f"{CHECKS_ID}, {FILE.name} {DIGEST[:12]}\n")
    groups = counts()
    for group, (n, any_class, tier_a) in sorted(groups.items()):
        sys.stdout.write(_line(f"{group}: any class", any_class, n) + _line(f"{group}: Tier A", tier_a, n))
    for case in _cases() if wanted.list else ():
        raised, harmful = _raised(case)
        if case["planted"] and not (harmful if case["tier"] == "A" else raised):
            sys.stdout.write(f"missed {case['id']} ({case['planted']}): {', '.join(raised) or 'nothing'}\n")
        elif not case["planted"] and harmful:
            sys.stdout.write(f"false alarm {case['id']}: {', '.join(harmful)}\n")
    sys.stdout.write(json.dumps({"checks_id": CHECKS_ID, "groups": groups}) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
