"""A model's tokenizer: how much longer it may make a text, and no file of another folder in its settings.

What ``tokenizer.json`` says is done to every report: two replacements of a letter by a thousand make 14 GB of four
letters. Whatever it does, a text gets no more than 256 times as long.
"""

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from radray.errors import InputError
from radray.models.contents.config import parse_object, read_bounded

TOKENIZER = "tokenizer.json"
SETTINGS = "tokenizer_config.json"
MOST_BYTES = 40 << 20
"""Gemma 3's has 33 MB. Of hostile JSON, read into Python, 40 MB are 1.1 GB."""
MOST_SETTINGS_BYTES = 4 << 20
"""Some kilobytes, and of some 250,000 tokens 1 MB."""
_MOST_GROWTH = 256
"""T5's table is that of NFKC, which makes 33 bytes of U+FDFA, and a rule for spaces after it twice as many at most."""
_MOST_PIECE = 1_024
"""Characters of a piece: Llama 3 has some of 128 spaces."""
_MOST_ADDED = 8_192
"""Special tokens put around a text: a soft prompt has 256 at most."""
_MOST_PADDING = 65_536

_GROWTH = {
    **dict.fromkeys(("Strip", "StripAccents", "NFC", "Nmt"), 1),
    **{"Lowercase": 3, "BertNormalizer": 4, "ByteLevel": 4, "NFD": 4, "NFKC": 18, "NFKD": 18},
}
"""How many characters the normalisers of `tokenizers` (0.23) make of one at most. NFKC and NFKD: U+FDFA, 18 letters."""


def refuse_boundless_tokenizer(folder: Path) -> None:
    """Raise InputError where the tokenizer's files in `folder` make a text more than 256 times as long.

    Or name files to take in place of the folder's own, or are larger than any published one. No such files: passed.
    """
    if (folder / SETTINGS).is_file():
        what = f"model folder {folder}: {SETTINGS}"
        for name, value in parse_object(read_bounded(folder / SETTINGS, MOST_SETTINGS_BYTES, what), what).items():
            # the published T5 say where their authors had this one, and it is never opened
            if name.endswith(("_file", "_files")) and value and name != "special_tokens_map_file":
                raise InputError(f"{what}: {name} names files to take in place of the folder's own: remove it")
    if (folder / TOKENIZER).is_file():
        what = f"model folder {folder}: {TOKENIZER}"
        refuse_boundless(parse_object(read_bounded(folder / TOKENIZER, MOST_BYTES, what), what), what)


def refuse_boundless_backend(state: str, folder: Path) -> None:
    """Raise InputError as `refuse_boundless_tokenizer` for a tokenizer in the form of a ``tokenizer.json``, `state`."""
    refuse_boundless(json.loads(state), f"model folder {folder}: its tokenizer")


def refuse_boundless(tokenizer: Mapping[str, Any], what: str) -> None:
    """Raise InputError, beginning with `what`, for a ``tokenizer.json`` that makes a text 256 times as long."""
    try:
        growth = _growth(tokenizer.get("normalizer"))
        written = max((_written(part) for part in _parts(tokenizer.get("decoder"), "decoders")), default=0)
        added = sum(_added(part) for part in _parts(tokenizer.get("post_processor"), "processors"))
        pieces = max((len(piece) for piece in _pieces(tokenizer)), default=0)
        padding = ((tokenizer.get("padding") or {}).get("strategy"), (tokenizer.get("padding") or {}))
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise InputError(f"{what} describes no tokenizer that is known") from None
    fixed = padding[0].get("Fixed", 0) if isinstance(padding[0], dict) else 0
    multiple = padding[1].get("pad_to_multiple_of") or 0
    if growth > _MOST_GROWTH or written > _MOST_GROWTH:
        raise InputError(f"{what} makes a text more than {_MOST_GROWTH} times as long")
    if added > _MOST_ADDED or pieces > _MOST_PIECE:
        raise InputError(
            f"{what} has a piece of more than {_MOST_PIECE:,} characters, or puts more than {_MOST_ADDED:,} around a"
            " text"
        )
    if not all(isinstance(size, int) and size <= _MOST_PADDING for size in (fixed, multiple)):
        raise InputError(f"{what} pads every text to more than {_MOST_PADDING:,} tokens")


def _parts(part: Any, several: str) -> Iterator[Mapping[str, Any]]:
    """Yield `part` and those that it has as a sequence, under the name `several`; None: nothing."""
    if part is None:
        return
    if part["type"] == "Sequence":
        for inner in part[several]:
            yield from _parts(inner, several)
    else:
        yield part


def _growth(normaliser: Any) -> int:
    """Return how many characters the normaliser makes of one at most. Raises ValueError for one that is not known."""
    growth = 1
    for part in _parts(normaliser, "normalizers"):
        kind = part["type"]
        if kind == "Replace":
            growth *= _replaced(part)
        elif kind == "Prepend":
            growth *= 1 + len(part["prepend"])
        elif kind == "Precompiled":
            growth *= _of_table(part["precompiled_charsmap"])
        elif kind in _GROWTH:
            growth *= _GROWTH[kind]
        else:
            raise ValueError
    return growth


def _replaced(part: Mapping[str, Any]) -> int:
    """Return how many characters a replacement makes of one at most: a regular expression may match between two."""
    content, pattern = len(part["content"]), part["pattern"]
    if pattern.get("String"):
        return max(1, -(-content // len(pattern["String"])))
    return 1 + content


def _of_table(table: str | list[int]) -> int:
    """Return the longest text that SentencePiece's table of characters has for one, in bytes.

    Its form (sentencepiece, normalizer.cc, DecodePrecompiledCharsMap): 4 bytes of size, a trie of that size, and texts
    that end with a NUL.
    """
    data = base64.b64decode(table) if isinstance(table, str) else bytes(table)
    texts = data[4 + int.from_bytes(data[:4], "little") :]
    return max(1, *map(len, texts.split(b"\0")))


def _written(part: Mapping[str, Any]) -> int:
    return _replaced(part) if part["type"] == "Replace" else 1


def _added(part: Mapping[str, Any]) -> int:
    """Return how many tokens a post-processor puts around a text."""
    if part["type"] != "TemplateProcessing":
        return 2
    sizes = {name: len(token["ids"]) for name, token in part["special_tokens"].items()}
    templates = (part["single"], part.get("pair") or [])
    return max(
        sum(sizes.get(piece["SpecialToken"]["id"], 0) for piece in template if "SpecialToken" in piece)
        for template in templates
    )


def _pieces(tokenizer: Mapping[str, Any]) -> Iterator[str]:
    vocabulary = tokenizer["model"]["vocab"]
    yield from (piece for piece, _ in vocabulary) if isinstance(vocabulary, list) else vocabulary
    yield from (token["content"] for token in tokenizer.get("added_tokens") or ())
    prefix = tokenizer["model"].get("continuing_subword_prefix") or ""
    suffix = tokenizer["model"].get("end_of_word_suffix") or ""
    yield prefix + suffix
