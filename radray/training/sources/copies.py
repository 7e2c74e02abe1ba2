"""What an epoch learns from a training report: once, more often where it is abnormal, and in other words beside it."""

from collections.abc import Mapping
from random import Random
from typing import Any

from radray.language.normality import is_normal
from radray.language.rephrasing import rephrase
from radray.settings.train import TrainSettings
from radray.tasks.registry import Asked


def copies_of(
    report: Mapping[str, Any], target: str, asked: Asked, settings: TrainSettings, drawn: int = 1
) -> list[tuple[Asked, Mapping[str, Any]]]:
    """Return the forms in which an epoch has the training report `report`: what is asked, and of which report.

    First the report as it is: `train.abnormal_copies` times where `target` is abnormal, else once, and that as often as
    it was `drawn`. Then for each of these `train.augment` forms in other words (`rephrase`), every other one with the
    background first where the prompt has such an order. Words are drawn by train.seed, unit_id and the number of the
    form: the same on every machine, and when a training resumes.
    """
    times = drawn * (settings.abnormal_copies if is_normal(target) is False else 1)
    forms: list[tuple[Asked, Mapping[str, Any]]] = [(asked, report)] * times
    for number in range(times * settings.augment):
        random = Random(f"{settings.seed}:{report['unit_id']}:{number}")
        altered = {**report, "findings": rephrase(report["findings"], random)}
        forms.append((asked.background_first() if random.random() < 0.5 else asked, altered))
    return forms
