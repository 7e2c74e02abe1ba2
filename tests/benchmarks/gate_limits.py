"""What the gates of the checks allow beside what people do: ``python -m tests.benchmarks.gate_limits``.

On the 1,384 reports of ``$RADRAY_DATA/openi`` with findings and impression: how many of the radiologists' own
impressions have a flag of each class that has a gate, how many of the impressions copied from the nearest report of
another findings text have it, the limit that follows from the first, the default of the setting, and what the gate
would do to a night of such copies. The last line is JSON: by class radiologists' hits, copies' hits, reports, limit.

The limit of a class is the most hits, as a share, that 95 of 100 nights of `gates.min_reports` reports stay within
(97.5 % on this side) where the true rate is the upper end of the radiologists' 95 % interval. That of an excess is the
upper end of the 95 % interval of the difference of two such rates. Both are rounded up to a hit.

The docstrings of ``radray/settings/gates.py`` quote these figures.
"""

import json
import math
import sys

from radray.checks.check import CheckResult
from radray.flags import TIER_A
from radray.settings.gates import ExcessRates, GatesSettings
from tests.benchmarks.check_rates import check_impression, open_pairs, say
from tests.benchmarks.normal_over import neighbours_of
from tests.support.beds.figures import wilson

REPORTS = GatesSettings().min_reports
_BEYOND = 0.025


def limit_of_rate(hits: int, n: int) -> float:
    """Return the limit of a class of which `hits` of `n` impressions by radiologists have the flag."""
    rate = wilson(hits, n)[1]
    within, allowed = (1 - rate) ** REPORTS, 0
    while 1 - within >= _BEYOND:
        allowed += 1
        within += math.comb(REPORTS, allowed) * rate**allowed * (1 - rate) ** (REPORTS - allowed)
    return allowed / REPORTS


def limit_of_excess(hits: int, n: int) -> float:
    """Return the limit of the excess of a class of which `hits` of `n` impressions by radiologists have the flag."""
    rate = wilson(hits, n)[1]
    return math.ceil(1.959964 * math.sqrt(2 * rate * (1 - rate) / REPORTS) * REPORTS) / REPORTS


def main() -> int:
    """Measure, print, and return 0."""
    records = open_pairs()
    radiologists = [check_impression(record, record.reference) for record in records]
    copies = [check_impression(record, text) for record, text in zip(records, neighbours_of(records), strict=True)]
    gates, figures = GatesSettings(), {}

    def line(name: str, human: int, copied: int, limit: float, default: float | None, value: float) -> None:
        does = "off" if default is None else "refuses" if value > default else "passes"
        low, high = wilson(human, len(records))
        say(
            f"{name:22}{human:5} {100 * human / len(records):6.2f} % [{100 * low:.2f}, {100 * high:.2f}]   copies"
            f"{copied:5} {100 * copied / len(records):6.2f} %   limit {limit:.3f}  default {default}  {does} copies"
        )
        figures[name] = [human, copied, len(records), limit]

    def hits(results: list[CheckResult], *names: str) -> int:
        return sum(any(result.flags[name] for name in names) for result in results)

    for name in TIER_A:
        human, copied = hits(radiologists, name), hits(copies, name)
        limit = limit_of_rate(0 if name == "mask" else human, len(records))
        line(name, human, copied, limit, getattr(gates.max_flag_rates, name), copied / len(records))
    counted = [name for name in TIER_A if name != "mask"]
    human, copied = hits(radiologists, *counted), hits(copies, *counted)
    limit = limit_of_rate(human, len(records))
    line("any class but mask", human, copied, limit, gates.max_tier_a_rate, copied / len(records))
    for name in ExcessRates.model_fields:
        human, copied = hits(radiologists, name), hits(copies, name)
        excess, limit = (copied - human) / len(records), limit_of_excess(human, len(records))
        line(name, human, copied, limit, getattr(gates.max_excess_rates, name), excess)
    say(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
