"""Imports of all that a worker imports when it first loads, adapts or scores: for the process it is forked from."""

import importlib

from radray.evaluation.rouge import Scorer

for _name in (
    *("ctranslate2.converters", "peft"),
    *("radray.models.families.causal.family", "radray.models.families.t5.family"),
):
    importlib.import_module(_name)
Scorer(stemmer=True).score("", "")
