"""The charts of scores: their distribution, and how they change with the length of the reference."""

from collections.abc import Iterator

import numpy as np
from matplotlib.axes import Axes

from radray.evaluation.strata import ABNORMAL, ALL, LENGTHS
from radray.pages.charts.svg import INK, PAPER, Drawings, short
from radray.pages.evaluation_tables import HEADLINE, TITLES, with_interval
from radray.pages.figures import Row
from radray.pages.grids import Chart, Grid, score, share
from radray.pages.numbers import Numbers

GRID_POINTS = np.linspace(0.0, 1.0, 201)
"""Scores at which the cumulative curve is drawn: exact there, and as small for 100,000 reports as for 100."""
LOW, HUMP = 0.3, 0.15
"""Scores are called bimodal when at least the share HUMP of reports is at or below LOW, and as many at 1."""
HOW_TO_READ = (
    "Box: the middle half of the reports, with the median; diamond: the mean; whiskers: up to 1.5 times the box; dots: "
    "reports beyond. Curve: steep where many reports have the score, flat where few have; lower is better. "
)
SHOWN_SHARES = (0.0, 0.2, 0.4, 0.6, 0.8)


def spreads(numbers: Numbers, drawings: Drawings) -> Iterator[Chart]:
    """Yield a box plot and a cumulative curve for each metric, first for ROUGE-1 of abnormal references."""
    wanted = [(metric, ALL, f"{title}, all references") for metric, title in TITLES.items()]
    if ABNORMAL in numbers.side.strata:
        wanted.insert(0, (HEADLINE, ABNORMAL, f"{TITLES[HEADLINE]}, abnormal references alone"))
    explained = False
    for metric, stratum, title in wanted:
        chart = _spread(numbers, drawings, metric, stratum, title, explain=not explained)
        if chart is not None:
            yield chart
            explained = True


def _spread(
    numbers: Numbers, drawings: Drawings, metric: str, stratum: str, title: str, *, explain: bool
) -> Chart | None:
    values = {system.name: numbers.values(system, metric, stratum) for system in numbers.scored()}
    values = {name: scores for name, scores in values.items() if scores.size}
    if not values:
        return None

    def boxes(axes: Axes) -> None:
        for place, (name, scores) in enumerate(values.items()):
            color = numbers.look(name).color
            line = {"color": color, "linewidth": 1.4}
            axes.boxplot(
                [scores],
                positions=[place],
                orientation="horizontal",
                widths=0.34,
                showmeans=True,
                manage_ticks=False,
                boxprops=line,
                whiskerprops=line,
                capprops=line,
                medianprops={"color": color, "linewidth": 2.6},
                meanprops={"marker": "D", "markerfacecolor": PAPER, "markeredgecolor": color, "markersize": 4.5},
                showfliers=False,
            )
            beyond = _beyond(scores)
            axes.plot(beyond, [place] * len(beyond), linestyle="none", marker="o", markersize=2, color=color)
            axes.text(0.0, place - 0.3, short(name), va="bottom", ha="left")
        axes.set_ylim(len(values) - 0.55, -0.9)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        _score_axis(axes, f"{TITLES[metric]}, F-measure of a report")

    def curves(axes: Axes) -> None:
        for name, scores in values.items():
            look = numbers.look(name)
            shares = np.searchsorted(np.sort(scores), GRID_POINTS + 1e-12, side="right") / scores.size
            axes.plot(GRID_POINTS, 100 * shares, color=look.color, linestyle=look.dash, label=short(name))
        axes.set_ylim(0, 102)
        axes.set_ylabel("% of reports at or below")
        axes.grid(visible=True)
        _score_axis(axes, f"{TITLES[metric]}, F-measure of a report")
        axes.figure.legend(loc="outside lower left", handlelength=3)

    rows = len(values)
    panels = [
        (f"Box plots of {title}; the numbers are in the table", drawings.draw(boxes, 0.9 + 0.62 * rows)),
        (f"Shares of reports at or below each {title}", drawings.draw(curves, 2.9 + 0.2 * rows)),
    ]
    of_models = {name: scores for name, scores in values.items() if name in numbers.models}
    return Chart(title, panels, _caption(of_models, explain=explain), _spread_data(values, title))


def _caption(values: dict[str, np.ndarray], *, explain: bool) -> str:
    words = HOW_TO_READ if explain else ""
    for name, scores in values.items():
        low, full = float((scores <= LOW).mean()), float((scores >= 1).mean())
        if min(low, full) >= HUMP:
            return words + (
                f"Two peaks: {short(name)} scores 1 in {share(full, 0)} of the reports and {LOW:g} or less in "
                f"{share(low, 0)}. Few reports score near its mean: read the curve, not only the box."
            )
    return words


def _beyond(scores: np.ndarray) -> list[float]:
    """Return the distinct values beyond the whiskers, to two digits: this keeps the drawing small."""
    low, high = np.quantile(scores, (0.25, 0.75))
    reach = 1.5 * (high - low)
    return sorted({round(float(value), 2) for value in scores[(scores < low - reach) | (scores > high + reach)]})


def _spread_data(values: dict[str, np.ndarray], title: str) -> Grid:
    columns = ["system", "reports", "mean", "lowest", "25 %", "median", "75 %", "highest"]
    columns += [f"at or below {at:g}" for at in SHOWN_SHARES] + ["full score, 1"]
    rows = []
    for name, scores in values.items():
        quartiles = [score(float(value)) for value in np.quantile(scores, (0, 0.25, 0.5, 0.75, 1))]
        shares = [share(float((scores <= at + 1e-12).mean())) for at in SHOWN_SHARES]
        whole = share(float((scores >= 1).mean()))
        rows.append([name, f"{scores.size:,}", score(float(scores.mean())), *quartiles, *shares, whole])
    return Grid(f"Distribution of {title}", columns, rows)


def by_length(numbers: Numbers, drawings: Drawings) -> Chart | None:
    """Return mean ROUGE-1, with intervals, by the number of words of the reference; None without references."""
    bins = [length for length in LENGTHS if f"length={length}" in numbers.side.strata]
    systems = [system.name for system in numbers.scored()]
    figures = {name: [numbers.figure(name, f"length={length}", HEADLINE) for length in bins] for name in systems}
    if not bins or not any(row for rows in figures.values() for row in rows):
        return None
    step = 0.7 / max(len(systems), 1)

    def paint(axes: Axes) -> None:
        for nth, (name, rows) in enumerate(figures.items()):
            look = numbers.look(name)
            known = [(place, row) for place, row in enumerate(rows) if row is not None]
            where = [place - 0.35 + step * (nth + 0.5) for place, _ in known]
            means = [row["mean"] for _, row in known]
            axes.plot(where, means, color=look.color, linestyle=look.dash, linewidth=0.9)
            axes.plot(where, means, look.marker, color=look.color, markersize=4.5, label=short(name), clip_on=False)
            for at, (_, row) in zip(where, known, strict=True):
                if row["ci_low"] is not None:
                    axes.plot([at, at], [row["ci_low"], row["ci_high"]], color=look.color, linewidth=1.1)
        axes.set_xticks(range(len(bins)), bins)
        axes.set_xlabel("words of the radiologist's impression")
        axes.set_ylabel("ROUGE-1, mean and 95 % interval")
        axes.set_ylim(0, 1.02)
        axes.grid(visible=True, axis="y")
        axes.figure.legend(loc="outside lower left", handlelength=2)

    title = "ROUGE-1 by length of the reference"
    panels = [(f"{title}: means with intervals", drawings.draw(paint, 3.1 + 0.2 * len(systems)))]
    data = Grid(
        title,
        ["system", *(f"{length} words" for length in bins)],
        [[name, *(_format(row) for row in rows)] for name, rows in figures.items()],
        "Mean, 95 % interval, reports.",
    )
    words = (
        "Short impressions are mostly normal ones in set phrases, which any system gets right. The quality of a system "
        "shows on the long ones, of which there are fewer."
    )
    return Chart(title, panels, words, data)


def _format(row: Row | None) -> str:
    return "-" if row is None else f"{with_interval(row)}, n={row['n']:,}"


def _score_axis(axes: Axes, label: str) -> None:
    axes.set_xlim(-0.02, 1.02)
    axes.set_xticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    axes.set_xlabel(label, color=INK)
    axes.grid(visible=True, axis="x")
