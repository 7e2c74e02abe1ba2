"""Imports of all that engines and workers import when they load, adapt or score: a process with it forks them."""

import importlib

from radray.evaluation.rouge import Scorer

for _name in (
    *("tests.support.training.learning_process", "peft"),
    *("ctranslate2.converters", "transformers.models.t5.modeling_t5", "transformers.models.llama.modeling_llama"),
    *("radray.models.engines.ctranslate2_beam", "radray.models.engines.transformers_beam"),
    *("radray.models.families.causal.family", "radray.models.families.t5.family"),
):
    importlib.import_module(_name)
Scorer(stemmer=True).score("clear", "clear")
