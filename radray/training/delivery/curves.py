"""The curves of a training as one self-contained picture: losses, and ROUGE where it was taken."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import matplotlib
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from radray.training.delivery.card import CURVES
from radray.training.progress import Metric
from radray.training.scoring import BY_TASK

_LOSSES = {"train_loss": "training reports", "val_loss": "validation reports"}
_ROUGE = {
    f"val_{metric}{end}": f"{title}, {kind}"
    for metric, title in {"rouge1": "ROUGE-1", "rouge2": "ROUGE-2", "rougel": "ROUGE-L"}.items()
    for end, kind in {"": "all", "_abnormal": "abnormal"}.items()
}
_STYLE: Any = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "radray",  # equal curves give equal files
    "axes.spines.top": False,
    "axes.spines.right": False,
}
_COLORS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#000000", "#b8a900")
"""Distinct for colour-blind readers too (Okabe and Ito, 2008, its yellow darker). A panel has no more curves."""
Points = dict[int, float]
"""Values by optimiser step."""


def write_curves(folder: Path, metrics: Iterable[Metric]) -> None:
    """Draw `metrics` by optimiser step into the file CURVES of `folder`. Raises OSError.

    Names that no panel shows are left out; no ROUGE: no panel of it.
    """
    by_name: dict[str, Points] = {}
    for metric in metrics:
        by_name.setdefault(metric.name, {})[metric.step] = metric.value
    tasks = {name: name.removeprefix(BY_TASK) for name in sorted(by_name) if name.startswith(BY_TASK)}
    panels = [
        (_LOSSES, "loss a token"),
        *([(tasks, "loss a token, validation, by task")] if tasks else []),
        *([(_ROUGE, "F-measure")] if not by_name.keys().isdisjoint(_ROUGE) else []),
    ]
    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(5.0 * len(panels), 3.6), layout="constrained")
        FigureCanvasSVG(figure)
        for axes, (names, unit) in zip(figure.subplots(1, len(panels), squeeze=False)[0], panels, strict=True):
            _paint(axes, {title: by_name[name] for name, title in names.items() if name in by_name}, unit)
        figure.savefig(folder / CURVES, format="svg", metadata={"Date": None, "Creator": None})


def _paint(axes: Axes, curves: Mapping[str, Points], unit: str) -> None:
    for color, (title, points) in zip(_COLORS, curves.items(), strict=False):
        steps = sorted(points)
        values = [points[step] for step in steps]
        axes.plot(steps, values, color=color, marker="o" if len(steps) < 30 else "", markersize=4, label=title)
    axes.set_xlabel("optimiser steps")
    axes.set_ylabel(unit)
    axes.set_ylim(bottom=0)
    axes.grid(visible=True, color="#dddddd")
    if curves:
        axes.legend(frameon=False, fontsize=8)
