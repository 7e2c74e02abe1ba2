"""Writing a model folder: safetensors, tokenizer, and a config that says the truth about the output layer."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from radray.models.families.loading import quiet

if TYPE_CHECKING:
    from transformers import PreTrainedModel, PreTrainedTokenizerBase


def save_model(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write `model` and `tokenizer` to `folder` (made if need be) as a Hugging Face folder with safetensors.

    transformers 5 writes ``tie_word_embeddings: true`` for every T5, whatever the weights are; a reader that
    believes it loses the output layer or divides the logits by sqrt(d_model). So the config is put right here.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with quiet():
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)
    file = folder / "config.json"
    config = json.loads(file.read_text(encoding="utf-8"))
    output = model.get_output_embeddings()
    config["tie_word_embeddings"] = output is not None and output.weight is model.get_input_embeddings().weight
    file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n", encoding="utf-8")
