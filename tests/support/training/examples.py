"""Examples of texts, tokenised and cut as the driver and the workers do it between them."""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

from radray.models.families.family import Family
from radray.training.loop.examples import Examples, cut_examples


def tokenise(
    family: Family,
    tokenizer: PreTrainedTokenizerBase,
    inputs: Sequence[str],
    targets: Sequence[str],
    *,
    max_input_tokens: int,
    max_target_tokens: int,
    chat: bool = False,
) -> Examples:
    """Return `inputs` and `targets` as tokens, cut to the two limits (tokens, end token included)."""
    prompts = family.encode_prompts(tokenizer, inputs, chat=chat)
    return cut_examples(
        [prompt.ids for prompt in prompts],
        family.encode_targets(tokenizer, targets, chat=chat),
        max_input_tokens=max_input_tokens,
        max_target_tokens=max_target_tokens,
        side=tokenizer.truncation_side,
        tails=[prompt.tail for prompt in prompts],
        exemplars=[prompt.exemplars for prompt in prompts],
    )
