"""`model.init=tiny-causal`: a small Llama and its tokenizer, built from the training text, without network."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from tokenizers import decoders, pre_tokenizers
from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from radray.errors import InputError
from radray.models.families.causal.shape import tiny_config
from radray.models.families.loading import quiet
from radray.models.families.pieces import learn_pieces
from radray.settings.model import TinySettings

_PAD, _END, _USER = "<|pad|>", "<|end|>", "<|user|>"
"""Special tokens, ids 0, 1, 2."""
_TEMPLATE = (
    "{% for message in messages %}<|user|>{{ message['content'] }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|user|>\n{% endif %}"
)


def build_tiny_causal(
    texts: Iterable[str], folder: Path, *, size: TinySettings, seed: int, patients: Sequence[str] | None = None
) -> None:
    """Write an untrained Llama of `size` and a byte-level tokenizer learnt from `texts` to `folder`.

    The form is SmolLM2's: grouped queries (half as many keys and values as heads, where that is a whole number), the
    output layer tied to the embedding. Equal texts, size and seed give equal files. `patients` says whose each text is,
    see `learn_pieces`. Raises InputError when `texts` hold no word.
    """
    tokenizer = _train_tokenizer(list(texts), patients, size.vocab_size)
    config = LlamaConfig(
        **tiny_config(size.model_copy(update={"vocab_size": len(tokenizer)})),
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    with torch.random.fork_rng(devices=[]), quiet():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
        model.generation_config = GenerationConfig(
            pad_token_id=tokenizer.pad_token_id, eos_token_id=tokenizer.eos_token_id
        )
        folder.mkdir(parents=True, exist_ok=True)
        model.save_pretrained(folder)
        tokenizer.save_pretrained(folder)


def _train_tokenizer(texts: list[str], patients: Sequence[str] | None, vocab_size: int) -> PreTrainedTokenizerFast:
    """Return a byte-level BPE tokenizer of at most `vocab_size` pieces: every text can be written in it.

    A digit is a piece of its own; whose texts pieces of several bytes are in: see `learn_pieces`.
    """
    if not any(text.strip() for text in texts):
        raise InputError("model.init=tiny-causal: the training reports hold no text to learn a tokenizer from")
    splitter = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    special = [_PAD, _END, _USER]
    backend = learn_pieces(texts, patients, splitter, vocab_size, pre_tokenizers.ByteLevel.alphabet(), special)
    backend.decoder = decoders.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, pad_token=_PAD, eos_token=_END, additional_special_tokens=[_USER]
    )
    tokenizer.chat_template = _TEMPLATE
    return tokenizer
