"""The charts of errors, confidence and training: flag rates, risk and coverage, losses."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from radray.evaluation.deferral.confidence import RiskCoverage, risk_coverage
from radray.evaluation.strata import ABNORMAL
from radray.evaluation.systems import CONFIDENCES, MODEL, RADIOLOGIST, System
from radray.flags import TIER_A, TIER_B
from radray.pages.charts.svg import SERIES, Drawings, short
from radray.pages.evaluation_tables import HEADLINE, MASK, MASK_NOTE
from radray.pages.figures import stratum_of
from radray.pages.grids import Chart, Grid, score, share
from radray.pages.numbers import Numbers, label_of

Row = Mapping[str, Any]

CURVE_POINTS = 100


def flags(numbers: Numbers, drawings: Drawings) -> Iterator[Chart]:
    """Yield the rates of the flags with their intervals: Tier A, then Tier B; nothing where no flag is known."""
    tiers = {
        "Serious errors (Tier A)": TIER_A,
        "Differences to weigh (Tier B): often a radiologist's own interpretation": TIER_B,
    }
    for title, classes in tiers.items():
        chart = _flags(numbers, drawings, title, classes)
        if chart is not None:
            yield chart


def _flags(numbers: Numbers, drawings: Drawings, title: str, classes: Mapping[str, str]) -> Chart | None:
    systems = [name for name in (RADIOLOGIST, *numbers.models) if name in numbers.side.systems]
    figures = {
        flag: {name: numbers.figure(name, stratum_of(flag), f"flag_{flag}") for name in systems}
        for flag in classes
        if any(numbers.figure(name, stratum_of(flag), f"flag_{flag}") for name in systems)
    }
    if not figures:
        return None
    step = 0.5 / max(len(systems), 1)

    def paint(axes: Axes) -> None:
        for place, (flag, rows_of) in enumerate(figures.items()):
            axes.text(0.0, place - 0.33, label_of(flag), va="bottom", ha="left", fontsize=8.5)
            for nth, (name, row) in enumerate(rows_of.items()):
                if row is None:
                    continue
                look, at = numbers.look(name), place - 0.22 + step * (nth + 0.5)
                label = short(name) if place == 0 else None
                if row["ci_low"] is not None:
                    ends = [100 * row["ci_low"], 100 * row["ci_high"]]
                    axes.plot(ends, [at, at], color=look.color, linewidth=1.1)
                dot: dict[str, Any] = {"color": look.color, "markersize": 5, "linestyle": "none", "clip_on": False}
                axes.plot([100 * row["mean"]], [at], look.marker, label=label, **dot)
        axes.set_ylim(len(figures) - 0.5, -0.85)
        axes.set_yticks([])
        axes.spines["left"].set_visible(False)
        axes.set_xlim(left=0)
        axes.set_xlabel("% of the impressions to which the check applies, 95 % interval")
        axes.grid(visible=True, axis="x")
        axes.figure.legend(loc="outside lower left", handlelength=1.5)

    height = 1.1 + len(figures) * (0.42 + 0.09 * len(systems)) + 0.2 * len(systems)
    panels = [(f"{title}: rate of each flag by system", drawings.draw(paint, height))]
    rows = [
        [f"{label_of(flag)}: {classes[flag]}", *(_rate(rows_of[name]) for name in systems)]
        for flag, rows_of in figures.items()
    ]
    words = (
        "Rules set these flags, not readers, and the radiologists' own impressions have them too. So a rate alone says "
        "little: what counts is how far it lies above the radiologists' rate (the diamonds)."
        if RADIOLOGIST in systems
        else "Rules set these flags, not readers. No radiologists' impressions are here to compare the rates with."
    )
    own_masks = figures.get(MASK, {}).get(RADIOLOGIST)
    if own_masks is not None and own_masks["mean"]:
        words += f" {MASK_NOTE}"
    data = Grid(
        title, ["flag: the impression ...", *systems], rows, "Rate, 95 % interval, reports to which the check applies."
    )
    return Chart(title, panels, words, data)


def _rate(row: Row | None) -> str:
    if row is None:
        return "-"
    ends = "" if row["ci_low"] is None else f" [{100 * row['ci_low']:.1f}, {100 * row['ci_high']:.1f}]"
    return f"{share(row['mean'])}{ends}, n={row['n']:,}"


def risk_and_coverage(numbers: Numbers, drawings: Drawings) -> Chart | None:
    """Return the mean ROUGE-1 of the predictions kept, by coverage and confidence; None without a confidence."""
    curves: dict[str, dict[str, RiskCoverage]] = {name: {} for name in CONFIDENCES}
    for system in numbers.side.of(MODEL):
        for confidence in CONFIDENCES:
            curve = _curve(numbers, system, confidence)
            if curve is not None:
                curves[confidence][system.name] = curve
    curves = {name: by_system for name, by_system in curves.items() if by_system}
    if not curves:
        return None
    panels = []
    for confidence, by_system in curves.items():

        def paint(axes: Axes, by_system: Mapping[str, RiskCoverage] = by_system) -> None:
            for name, curve in by_system.items():
                look = numbers.look(name)
                places = _places(curve.n)
                axes.plot(
                    *(100 * curve.coverage[places], 1 - curve.risk[places]),
                    **{"color": look.color, "linestyle": look.dash, "label": short(name)},
                )
                axes.axhline(1 - curve.random, color=look.color, linewidth=0.8, linestyle=(0, (1, 3)))
            axes.set_xlim(0, 100)
            axes.set_xlabel("% of the impressions kept, most confident first")
            axes.set_ylabel("mean ROUGE-1 of those kept")
            axes.set_ylim(0, 1.02)
            axes.grid(visible=True)
            axes.figure.legend(loc="outside lower left", handlelength=3)

        drawn = drawings.draw(paint, 2.9 + 0.2 * len(by_system))
        panels.append((f"Mean ROUGE-1 of the impressions kept, by {confidence}", drawn))
    rows = [
        [
            f"{name}, {confidence}",
            *(score(1 - float(curve.risk[max(round(curve.n * kept / 100), 1) - 1])) for kept in (100, 90, 80, 70, 50)),
            score(curve.aurc),
            f"{score(curve.oracle)} to {score(curve.random)}",
        ]
        for confidence, by_system in curves.items()
        for name, curve in by_system.items()
    ]
    columns = ["system, confidence", *(f"{kept} % kept" for kept in (100, 90, 80, 70, 50))]
    columns += ["AURC (lower is better)", "best to random"]
    words = (
        "If a person writes the impressions that the model is least sure of, how good are the rest? First by the "
        "log-probability of the text, then by its lead over the second candidate, where models have them. A curve that "
        "falls from left to right shows a useful confidence; the dotted line is an uninformative one."
    )
    words += "".join(f" {sentence}" for sentence in _surest_half(numbers))
    title = "Does the model know when it is wrong? ROUGE-1 against coverage"
    return Chart(title, panels, words, Grid(title, columns, rows, "AURC: area under the curve of 1 - ROUGE-1."))


def _curve(numbers: Numbers, system: System, confidence: str) -> RiskCoverage | None:
    values = system.values.get((numbers.choices.main_scorer, HEADLINE))
    if values is None or confidence not in system.confidence:
        return None
    known = np.flatnonzero(~np.isnan(values))
    return risk_coverage([system.confidence[confidence][place] for place in known], (1 - values[known]).tolist())


def _surest_half(numbers: Numbers) -> Iterator[str]:
    """Yield, for each model with a log-probability, the share of abnormal reports in the half that it is surest of."""
    abnormal = numbers.side.strata.get(ABNORMAL)
    if abnormal is None:
        return
    for system in numbers.side.of(MODEL):
        sure = {
            place: confidence
            for place, confidence in enumerate(system.confidence.get("logprob", ()))
            if confidence is not None
        }
        if len(sure) < 2:
            continue
        half = sorted(sure, key=lambda place: (-sure[place], place))[: len(sure) // 2]
        yield (
            f"Of the half that {short(system.name)} is surest of, {share(float(abnormal[half].mean()), 0)} are "
            f"abnormal; of all reports, {share(float(abnormal[list(sure)].mean()), 0)}."
        )


def _places(n: int) -> np.ndarray:
    return np.unique(np.linspace(0, n - 1, min(n, CURVE_POINTS)).round().astype(int))


def training(rows: Iterable[Row], drawings: Drawings) -> Iterator[Chart]:
    """Yield the losses of each fine-tuning run in `rows` of `training_metrics`; nothing where there are none."""
    runs: dict[tuple[str, str], dict[str, list[Row]]] = {}
    for row in sorted(rows, key=lambda row: (row["model_name"], row["run_id"], row["name"], row["step"])):
        if row["name"] in ("train_loss", "val_loss") and np.isfinite(row["value"]):
            runs.setdefault((row["model_name"], row["run_id"]), {}).setdefault(row["name"], []).append(row)
    names = {"train_loss": "training reports", "val_loss": "held-out reports"}
    for (model, run_id), by_name in runs.items():

        def paint(axes: Axes, by_name: Mapping[str, list[Row]] = by_name) -> None:
            for place, (name, points) in enumerate(by_name.items()):
                steps, values = [row["step"] for row in points], [row["value"] for row in points]
                marker = "o" if len(points) < 30 else ""
                axes.plot(steps, values, color=SERIES[place], marker=marker, markersize=4, label=names[name])
            axes.set_xlabel("optimiser steps")
            axes.set_ylabel("loss per token")
            axes.set_ylim(bottom=0)
            axes.grid(visible=True)
            axes.figure.legend(loc="outside lower left")

        title = f"Training of {model}, run {run_id}"
        steps = sorted({row["step"] for points in by_name.values() for row in points})
        shown = steps if len(steps) <= 20 else [steps[round(n * (len(steps) - 1) / 19)] for n in range(20)]
        by_step = {name: {row["step"]: row["value"] for row in points} for name, points in by_name.items()}
        data = [[f"{step:,}", *(score(by_step[name].get(step)) for name in by_name)] for step in shown]
        words = "A loss that falls on training reports and rises on held-out ones is a sign of overfitting."
        grid = Grid(title, ["step", *(names[name] for name in by_name)], data, f"{len(shown)} of {len(steps)} steps.")
        yield Chart(title, [(f"Losses by step, {title}", drawings.draw(paint, 3.2))], words, grid)
