"""T5 as a family: an encoder reads the prompt, a decoder writes the answer."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tokenizers.processors import TemplateProcessing
from torch import nn

from radray.errors import InputError
from radray.language.exemplar_marks import unmark
from radray.models.batching import pad
from radray.models.families.family import EncodedPrompt, Family
from radray.models.families.loading import load_tokenizer
from radray.models.families.masks import soft_pieces_in
from radray.models.families.special_tokens import without_special
from radray.models.families.t5 import converting, loading, saving
from radray.models.tokens import encode, token_span

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

_LINEAR = ["q", "k", "v", "o", "wi", "wi_0", "wi_1", "wo"]
"""Every linear layer of a T5 block."""


class T5Family(Family):
    """T5 in all its versions."""

    name = "t5"
    task_type = "SEQ_2_SEQ_LM"
    decoder_only = False

    def load_tokenizer(self, folder: Path) -> PreTrainedTokenizerBase:
        """Return the tokenizer of the model folder. Raises InputError when there is none that can be read."""
        return load_tokenizer(folder)

    def refuse_other_tokenizer(self, folder: Path, tokenizer: PreTrainedTokenizerBase) -> None:
        """Raise InputError as `loading.refuse_other_tokenizer`."""
        loading.refuse_other_tokenizer(folder, tokenizer)

    def load_model(
        self, folder: Path, *, dtype: torch.dtype = torch.float32, device: torch.device | str = "cpu"
    ) -> PreTrainedModel:
        """Return the model of the folder, see `loading.load_model`. Raises InputError and RadrayError as that."""
        return loading.load_model(folder, dtype=dtype, device=device)

    def load_in_parts(
        self, folder: Path, *, dtype: torch.dtype = torch.float32, placed: Callable[[nn.Module], None]
    ) -> PreTrainedModel:
        """Return the model of the folder, see `loading.load_in_parts`. Raises InputError as that."""
        return loading.load_in_parts(folder, dtype=dtype, placed=placed)

    def save_model(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
        """Write model and tokenizer, see `saving.save_model`."""
        saving.save_model(model, tokenizer, folder)
        if pieces := soft_pieces_in(tokenizer):
            # T5's own class forgets what is put before an input when it is loaded (transformers 5.23)
            file = folder / "tokenizer_config.json"
            stored = json.loads(file.read_text(encoding="utf-8")) | {"tokenizer_class": "PreTrainedTokenizerFast"}
            stored["extra_special_tokens"] = list(pieces)
            file.write_text(json.dumps(stored, indent=2, sort_keys=True) + "\n", encoding="utf-8")

    def write_converted(self, folder: Path, out: Path, compute_type: str) -> None:
        """Write the model for CTranslate2, see `converting.write_converted`. Raises InputError as that."""
        converting.write_converted(folder, out, compute_type)

    def blocks_of(self, model: nn.Module) -> list[nn.Module]:
        """Return the layers, encoder first. Raises InputError for a model of another family."""
        return loading.blocks_of(model)

    def linear_layers(self, block: nn.Module) -> list[str]:
        """Return the names of the linear layers of a T5's layer, encoder or decoder."""
        return _LINEAR

    def put_soft_prompt(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, pieces: Sequence[str]
    ) -> None:
        """Have `tokenizer` put `pieces` before every input of the encoder."""
        t5: Any = model
        for stack in (t5.encoder, t5.decoder):
            stack.embed_tokens.weight = t5.get_input_embeddings().weight
        end = tokenizer.eos_token
        ids: Any = tokenizer.convert_tokens_to_ids(list(pieces))
        tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
            single=[*pieces, "$A", end],
            special_tokens=[*zip(pieces, ids, strict=True), (end, tokenizer.eos_token_id)],
        )

    def encode_prompts(
        self, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str], *, chat: bool
    ) -> list[EncodedPrompt]:
        """Return the tokens of each prompt, end token included, which stays. Raises InputError for `chat`."""
        if chat:
            raise InputError("a T5 has no chat template: use another model.prompt")
        plain = [unmark(prompt) for prompt in without_special(tokenizer, prompts)]
        texts = [prompt.text for prompt in plain]
        if not any(prompt.exemplars for prompt in plain):
            return [EncodedPrompt(row, 1) for row in encode(tokenizer, texts)]
        encoded = tokenizer(texts, return_offsets_mapping=True, verbose=False)
        return [
            EncodedPrompt(row, 1, tuple(token_span(offsets, exemplar) for exemplar in prompt.exemplars))
            for row, offsets, prompt in zip(encoded["input_ids"], encoded["offset_mapping"], plain, strict=True)
        ]

    def encode_targets(
        self, tokenizer: PreTrainedTokenizerBase, targets: Sequence[str], *, chat: bool
    ) -> list[list[int]]:
        """Return the tokens of each target, end token included; no targets: an empty list."""
        return encode(tokenizer, without_special(tokenizer, targets))

    def target_logits(
        self,
        model: nn.Module,
        plain: Any,
        inputs: Sequence[list[int]],
        targets: Sequence[list[int]],
        device: torch.device,
    ) -> torch.Tensor:
        """Return the decoder's logits, (rows, longest target, vocabulary)."""
        labels = torch.tensor(pad(targets, -100), device=device)
        logits: torch.Tensor = model(
            input_ids=torch.tensor(pad(inputs, plain.config.pad_token_id), device=device),
            attention_mask=torch.tensor(pad([[1] * len(row) for row in inputs], 0), device=device),
            decoder_input_ids=plain.prepare_decoder_input_ids_from_labels(labels),
            use_cache=False,
        ).logits
        return logits

    def search(self, model: Any, rows: Sequence[list[int]], device: torch.device, **arguments: Any) -> Any:
        """Return what generate returns, `sequences` without the start token."""
        base = model.get_base_model() if hasattr(model, "get_base_model") else model
        out = model.generate(
            input_ids=torch.tensor(pad(rows, base.generation_config.pad_token_id), device=device),
            attention_mask=torch.tensor(pad([[1] * len(row) for row in rows], 0), device=device),
            use_cache=True,
            **arguments,
        )
        out.sequences = out.sequences[:, 1:]
        return out

    def search_tokens(self, folders: GenerationConfig, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
        """Return the padding, end and start token as the folder has them."""
        return {name: getattr(folders, name) for name in ("pad_token_id", "eos_token_id", "decoder_start_token_id")}
