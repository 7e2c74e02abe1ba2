"""Examples of texts, tokenised and cut as the driver and the workers do it between them."""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from radray.models.tokens import encode
from radray.training.loop.examples import Examples, cut_examples


def tokenise(
    tokenizer: PreTrainedTokenizerBase,
    inputs: Sequence[str],
    targets: Sequence[str],
    *,
    max_input_tokens: int,
    max_target_tokens: int,
) -> Examples:
    """Return `inputs` and `targets` as tokens, cut to the two limits (tokens, end token included)."""
    return cut_examples(
        encode(tokenizer, inputs),
        encode(tokenizer, targets),
        max_input_tokens=max_input_tokens,
        max_target_tokens=max_target_tokens,
        side=tokenizer.truncation_side,
    )
