"""Causal models as a family: prompt and answer are one sequence, which the model goes on with."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from tokenizers import Tokenizer
from tokenizers.processors import TemplateProcessing
from torch import nn

from radray.models.families.causal import converting, loading, loss, texts
from radray.models.families.family import EncodedPrompt, Family
from radray.models.families.loading import load_config, quiet

if TYPE_CHECKING:
    from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase


class CausalFamily(Family):
    """Llama, Mistral, Qwen 2 and 3, Phi, Phi-3, Gemma 1 to 3."""

    name = "causal"
    task_type = "CAUSAL_LM"
    decoder_only = True

    def load_tokenizer(self, folder: Path) -> PreTrainedTokenizerBase:
        """Return the tokenizer, see `loading.load_tokenizer`. Raises InputError as that."""
        return loading.load_tokenizer(folder)

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

    def prepare_learning(self, model: PreTrainedModel, device: torch.device) -> None:
        """Have attention computed step by step on a CPU: at 80 tokens torch's fused one takes longer there."""
        if device.type == "cpu":
            model.set_attn_implementation("eager")

    def save_model(self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
        """Write model and tokenizer as a Hugging Face folder."""
        folder.mkdir(parents=True, exist_ok=True)
        with quiet():
            model.save_pretrained(folder)
            tokenizer.save_pretrained(folder)

    def write_converted(self, folder: Path, out: Path, compute_type: str) -> None:
        """Write the model for CTranslate2, see `converting.write_converted`. Raises InputError as that."""
        converting.write_converted(folder, out, compute_type)

    def longest(self, folder: Path) -> int | None:
        """Return the number of positions that the model was trained with."""
        return getattr(load_config(folder), "max_position_embeddings", None)

    def refuse_beyond_window(self, folder: Path, tokens: int) -> None:
        """Raise InputError as `converting.refuse_beyond_window`."""
        converting.refuse_beyond_window(folder, tokens)

    def blocks_of(self, model: nn.Module) -> list[nn.Module]:
        """Return the layers. Raises InputError for a model that has them elsewhere."""
        return loading.blocks_of(model)

    def linear_layers(self, block: nn.Module) -> list[str]:
        """Return the names of the linear layers of a layer, sorted: they differ between Llama and Phi."""
        linear = {name.rpartition(".")[2] for name, part in block.named_modules() if isinstance(part, nn.Linear)}
        # once LoRA is on them, theirs are below each: base_layer, lora_A.default, lora_B.default
        own = {name for name in linear if name not in ("base_layer", "default")}
        adapted = {name.split(".")[-2] for name, _ in block.named_modules() if name.endswith(".base_layer")}
        return sorted(own | adapted)

    def put_soft_prompt(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, pieces: Sequence[str]
    ) -> None:
        """Have `tokenizer` put `pieces` before every plain prompt, before the token that begins a text, if any."""
        backend: Tokenizer = tokenizer.backend_tokenizer
        plain, whole = (backend.encode("a", add_special_tokens=special).ids for special in (False, True))
        # what stands around a text is written anew: of two templates in a row the second does nothing (tokenizers 0.23)
        start = next(place for place in range(len(whole)) if whole[place : place + len(plain)] == plain)
        ids: Any = tokenizer.convert_tokens_to_ids(list(pieces))
        before, after = [*ids, *whole[:start]], whole[start + len(plain) :]
        names = {token: backend.id_to_token(token) for token in (*before, *after)}
        backend.post_processor = TemplateProcessing(
            single=[*(names[token] for token in before), "$A", *(names[token] for token in after)],
            special_tokens=[(name, token) for token, name in names.items()],
        )

    def encode_prompts(
        self, tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str], *, chat: bool
    ) -> list[EncodedPrompt]:
        """Return the tokens of each prompt, see `texts.encode_prompts`. Raises InputError as that."""
        return texts.encode_prompts(tokenizer, prompts, chat=chat)

    def encode_targets(
        self, tokenizer: PreTrainedTokenizerBase, targets: Sequence[str], *, chat: bool
    ) -> list[list[int]]:
        """Return the tokens of each target, see `texts.encode_targets`. Raises InputError as that."""
        return texts.encode_targets(tokenizer, targets, chat=chat)

    def target_logits(
        self,
        model: nn.Module,
        plain: Any,
        inputs: Sequence[list[int]],
        targets: Sequence[list[int]],
        device: torch.device,
    ) -> torch.Tensor:
        """Return the logits of the targets, see `loss.target_logits`."""
        return loss.target_logits(model, plain, inputs, targets, device)

    def search(self, model: Any, rows: Sequence[list[int]], device: torch.device, **arguments: Any) -> Any:
        """Return what generate returns, `sequences` without the prompt, which is padded at its beginning."""
        soft = hasattr(model, "prompt_encoder")
        base = model.get_base_model() if soft else model
        token, width = base.generation_config.pad_token_id, max(map(len, rows))
        ids = torch.tensor([[*[token] * (width - len(row)), *row] for row in rows], device=device)
        mask = torch.tensor([[0] * (width - len(row)) + [1] * len(row) for row in rows], device=device)
        if not soft:
            out = base.generate(input_ids=ids, attention_mask=mask, use_cache=True, **arguments)
            out.sequences = out.sequences[:, width:]
            return out
        # PEFT's own generate puts the vectors before the padding; here they stand next to the prompt
        vectors = model.get_prompt(batch_size=len(rows))
        embedded, count = base.get_input_embeddings()(ids), vectors.shape[1]
        blank = embedded.new_zeros(len(rows), width + count, embedded.shape[2])
        places = torch.zeros(len(rows), width + count, dtype=torch.long, device=device)
        for place, row in enumerate(rows):
            start = width - len(row)
            blank[place, start : start + count] = vectors[place]
            blank[place, start + count :] = embedded[place, start:]
            places[place, start:] = 1
        return base.generate(inputs_embeds=blank, attention_mask=places, use_cache=True, **arguments)

    def search_tokens(self, folders: GenerationConfig, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
        """Return padding and end tokens: the end of a text as fine-tuning writes it, and those that the folder names.

        An instruction-tuned model may end its turn with another token than a text.
        """
        named = folders.eos_token_id
        ends = {tokenizer.eos_token_id, *([named] if isinstance(named, int) else named or [])}
        return {"pad_token_id": tokenizer.pad_token_id, "eos_token_id": sorted(ends)}
