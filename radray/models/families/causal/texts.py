"""Prompts and targets of a causal model as tokens: one sequence, with or without the tokenizer's chat template.

The last line of a prompt is what asks for the answer ("Impression:"): a prompt that is too long loses exemplars, and
then the end of what stands before that line.
"""

from collections.abc import Sequence

from jinja2 import TemplateError
from transformers import PreTrainedTokenizerBase

from radray.errors import InputError
from radray.language.exemplar_marks import unmark
from radray.models.families.family import EncodedPrompt
from radray.models.families.masks import soft_pieces_in
from radray.models.families.special_tokens import without_special
from radray.models.tokens import token_span, tokens_before


def encode_prompts(tokenizer: PreTrainedTokenizerBase, prompts: Sequence[str], *, chat: bool) -> list[EncodedPrompt]:
    """Return the tokens of each prompt, whole: its last line, and what a chat template puts after it, are the tail.

    Raises InputError for `chat` where the tokenizer's template raises, or leaves the prompt out.
    """
    if not prompts:
        return []
    plain = [unmark(prompt) for prompt in without_special(tokenizer, prompts)]
    texts, starts = [prompt.text for prompt in plain], [0] * len(plain)
    ends = [text.rfind("\n") for text in texts]
    before: list[int] = []
    if chat:
        texts = [_rendered(tokenizer, text) for text in texts]
        starts = [_start(text, prompt.text) for text, prompt in zip(texts, plain, strict=True)]
        ends = [start + _last_line(prompt.text) for start, prompt in zip(starts, plain, strict=True)]
        # the post-processor that puts them before plain prompts is left out: the template has the special tokens
        before = list(soft_pieces_in(tokenizer).values())
    encoded = tokenizer(texts, add_special_tokens=not chat, return_offsets_mapping=True, verbose=False)
    rows = []
    for prompt, start, ids, offsets, end in zip(
        plain, starts, encoded["input_ids"], encoded["offset_mapping"], ends, strict=True
    ):
        # a tokenizer that ends every text would have the model answer after its end
        closed = not chat and len(ids) > 1 and ids[-1] == tokenizer.eos_token_id
        ids, offsets = (ids[:-1], offsets[:-1]) if closed else (ids, offsets)
        # a token that holds the line's break stays with it
        tail = sum(stop > end for _, stop in offsets) if end >= 0 else 0
        spans = [token_span(offsets, (start + first, start + stop)) for first, stop in prompt.exemplars]
        exemplars = tuple((len(before) + first, len(before) + stop) for first, stop in spans)
        alike = len(before) + tokens_before(offsets, start + prompt.alike) if prompt.alike else 0
        rows.append(EncodedPrompt([*before, *ids], min(tail, len(ids)), exemplars, alike))
    return rows


def encode_targets(tokenizer: PreTrainedTokenizerBase, targets: Sequence[str], *, chat: bool) -> list[list[int]]:
    """Return the tokens of each target as they follow a prompt, with the end token. No targets: an empty list.

    After a plain prompt's colon a target begins with a space, after a template's line with none. Raises InputError for
    a tokenizer that joins the target to what stands before it.
    """
    if not targets:
        return []
    stub = "\n" if chat else ":"
    head = tokenizer(stub, add_special_tokens=False)["input_ids"]
    joint = tokenizer(
        [f"{stub}{target}" if chat else f"{stub} {target}" for target in without_special(tokenizer, targets)],
        add_special_tokens=False,
        verbose=False,
    )["input_ids"]
    if any(ids[: len(head)] != head for ids in joint):
        raise InputError("the tokenizer joins the beginning of an impression to the prompt: it cannot be learnt from")
    return [[*ids[len(head) :], tokenizer.eos_token_id] for ids in joint]


def _rendered(tokenizer: PreTrainedTokenizerBase, prompt: str) -> str:
    try:
        # thinking: Qwen3's template opens a chain of thought unless asked not to; others pass over the word
        text = tokenizer.apply_chat_template(
            [{"role": "user", "content": prompt}], tokenize=False, add_generation_prompt=True, enable_thinking=False
        )
    except (TemplateError, ValueError, TypeError, KeyError, AttributeError) as error:
        # the message may hold the prompt
        raise InputError(
            f"the tokenizer has no chat template that a prompt goes through ({type(error).__name__}): use a plain"
            " model.prompt"
        ) from None
    return str(text)


def _start(text: str, prompt: str) -> int:
    """Return where `prompt` begins in the rendered `text`, which need not have the blanks around it."""
    place = text.rfind(prompt.strip())
    if place < 0:
        raise InputError("the tokenizer's chat template changes the prompt: use a plain model.prompt")
    return place - (len(prompt) - len(prompt.lstrip()))


def _last_line(prompt: str) -> int:
    """Return where the last line of `prompt` begins; its end where it has one line."""
    line = prompt.rstrip().rfind("\n")
    return line if prompt[: line + 1].strip() else len(prompt.rstrip())
