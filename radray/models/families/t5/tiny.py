"""`model.init=tiny`: a small T5 and its tokenizer, built from the training text, for machines without network."""

import math
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from tokenizers.pre_tokenizers import Digits, Metaspace, Punctuation, WhitespaceSplit
from tokenizers.pre_tokenizers import Sequence as PreTokenizers
from transformers import GenerationConfig, PreTrainedTokenizerBase, T5Config, T5ForConditionalGeneration, T5Tokenizer

from radray.errors import InputError
from radray.models.families.pieces import learn_pieces
from radray.models.families.t5.saving import save_model
from radray.settings.model import TinySettings

_SPECIAL = ("<pad>", "</s>", "<unk>")
"""Ids 0, 1, 2, as in every T5."""
_SPACE = "\N{LOWER ONE EIGHTH BLOCK}"
"""What SentencePiece writes for the space before a word."""
_PRINTABLE_ASCII = [chr(code) for code in range(33, 127)]


def build_tiny(
    texts: Iterable[str], folder: Path, *, size: TinySettings, seed: int, patients: Sequence[str] | None = None
) -> None:
    """Write an untrained T5 of `size` and a tokenizer learnt from `texts` to `folder` (made if need be).

    The form is that of T5 v1.1 and FLAN: gated GELU, output layer of its own. Equal texts, size and seed give
    equal files. `patients` says whose each text is, see `learn_pieces`. Raises InputError when `texts` hold no word.
    """
    tokenizer = _train_tokenizer(list(texts), patients, size.vocab_size)
    model = _untrained(len(tokenizer), size, seed)
    save_model(model, tokenizer, folder)


def _train_tokenizer(texts: Sequence[str], patients: Sequence[str] | None, vocab_size: int) -> PreTrainedTokenizerBase:
    """Return a Unigram tokenizer of at most `vocab_size` pieces, scored by log-frequency in `texts`.

    The pieces come from merges (BPE) because the library's own Unigram training gives another vocabulary each
    time: its sums run over a hash map in random order. Punctuation is kept apart while learning, so a word is the
    same piece before a comma, a full stop and a space. A digit is a piece of its own, and so is every printable
    ASCII character; whose texts the others are in: see `learn_pieces`.
    """
    splitter = PreTokenizers(
        [
            WhitespaceSplit(),
            Metaspace(replacement=_SPACE, prepend_scheme="always", split=True),
            Punctuation("contiguous"),
            Digits(individual_digits=True),
        ]
    )
    learner = learn_pieces(texts, patients, splitter, vocab_size - len(_SPECIAL), [*_PRINTABLE_ASCII, _SPACE])
    counts = Counter(piece for encoding in learner.encode_batch(list(texts)) for piece in encoding.tokens)
    total = counts.total()
    if total == 0:
        raise InputError("model.init=tiny: the training reports hold no text to learn a tokenizer from")
    pieces = sorted(learner.get_vocab(), key=lambda piece: (-counts[piece], piece))
    vocab = [(piece, 0.0) for piece in _SPECIAL]
    # a piece that never stands alone in the text costs as much as half an occurrence
    vocab += [(piece, math.log(max(counts[piece], 0.5) / total)) for piece in pieces]
    return T5Tokenizer(vocab=vocab, extra_ids=0)


def _untrained(vocab_size: int, size: TinySettings, seed: int) -> T5ForConditionalGeneration:
    config = T5Config.from_dict(
        {
            "vocab_size": vocab_size,
            "d_model": size.d_model,
            "d_kv": max(8, size.d_model // size.num_heads),
            "d_ff": size.d_ff,
            "num_layers": size.num_layers,
            "num_heads": size.num_heads,
            "feed_forward_proj": "gated-gelu",
            "dropout_rate": 0.0,
            "tie_word_embeddings": False,
            "decoder_start_token_id": 0,
        }
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = T5ForConditionalGeneration(config)
        # transformers ties the output layer to the embedding here, whatever the config says; T5 v1.1 starts it
        # with variance 1 / fan-in (t5x, "logits_dense"), which makes the first loss log(vocab_size)
        weight = torch.randn(vocab_size, size.d_model) * size.d_model**-0.5
    model.lm_head.weight = torch.nn.Parameter(weight)
    model.all_tied_weights_keys.pop("lm_head.weight", None)
    model.generation_config = GenerationConfig(pad_token_id=0, eos_token_id=1, decoder_start_token_id=0)
    return model
