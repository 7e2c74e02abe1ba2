"""Special tokens that a report's text spells out: a tokenizer would read them as ends of turns and of texts."""

import re
from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase


def without_special(tokenizer: PreTrainedTokenizerBase, texts: Sequence[str]) -> list[str]:
    """Return `texts`, each as long as it was, in which nothing is spelt as a special token of `tokenizer`.

    Of "<|im_end|>" the first character becomes "(". Else whoever writes into a report could end a user's turn and go on
    as the assistant. A tokenizer without special tokens, and no texts, give what there was.
    """
    added = (token.content for token in tokenizer.added_tokens_decoder.values() if token.special)
    special = sorted({*tokenizer.all_special_tokens, *added} - {""}, key=len, reverse=True)
    if not special:
        return list(texts)
    spelt = re.compile("|".join(map(re.escape, special)))
    return [spelt.sub(lambda match: f"({match[0][1:]}", text) for text in texts]
