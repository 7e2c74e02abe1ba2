"""A model's answers to questions with options: the likeliest option, and what it writes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from string import ascii_uppercase
from typing import TYPE_CHECKING, NamedTuple

from radray.evaluation.outside.choices import ChoiceQuestion, chosen
from radray.language.exemplar_marks import plain
from radray.models.engines.opening import open_engine
from radray.models.families.registry import open_family
from radray.models.folder import ModelFolder
from radray.settings.generate import GenerateSettings

if TYPE_CHECKING:
    from radray.models.engines.beam_search import BeamEngine

MAX_NEW_TOKENS = 32
"""Tokens that an answer in words may have: an option is seldom longer."""


class ChoiceAnswers(NamedTuple):
    """Places of options, in the order of the questions."""

    likeliest: list[int]
    """The option of the highest mean log-probability a token after the question: a sum would favour short ones."""
    written: list[int | None]
    """The option that the model's text names; None: it names none."""


def write_prompt(question: ChoiceQuestion, *, decoder_only: bool) -> str:
    """Return the model's input. What it must not lose, the question and its options, is last, or for T5 first."""
    options = " ".join(f"{letter}. {option}" for letter, option in zip(ascii_uppercase, question.options, strict=False))
    asked, context = plain(f"{question.question} {options}"), plain(question.context)
    if decoder_only:
        return f"{context}\nQuestion: {asked} Answer:" if context else f"Question: {asked} Answer:"
    return f"Answer the question: {asked} Context: {context}" if context else f"Answer the question: {asked}"


def answer_choices(
    model: ModelFolder, settings: GenerateSettings, questions: Sequence[ChoiceQuestion]
) -> ChoiceAnswers:
    """Return the answers of `model` to `questions`; none: two empty lists.

    The engine is that of `settings`, for ``auto`` transformers; what is written is greedy. Raises InputError and
    ConfigError as `open_engine`.
    """
    name = "transformers" if settings.engine == "auto" else settings.engine
    greedy = {"engine": name, "num_beams": 1, "num_return_sequences": 1, "max_new_tokens": MAX_NEW_TOKENS, "samples": 0}
    engine = open_engine(model, settings.model_copy(update=greedy))
    decoder_only = open_family(model.path).decoder_only
    prompts = [write_prompt(question, decoder_only=decoder_only) for question in questions]
    return ChoiceAnswers(
        _likeliest(engine, prompts, questions),
        [
            chosen(generation.hypotheses[0].text, question.options)
            for generation, question in zip(engine.generate(prompts), questions, strict=True)
        ],
    )


def _likeliest(engine: BeamEngine, prompts: Sequence[str], questions: Sequence[ChoiceQuestion]) -> list[int]:
    """Return the place of the likeliest option of each question; of equal ones the first."""
    repeated = [
        prompt for prompt, question in zip(prompts, questions, strict=True) for _ in range(len(question.options))
    ]
    scores = engine.score(repeated, [option for question in questions for option in question.options])
    means = [score.per_token for score in scores]
    ends = accumulate((len(question.options) for question in questions), initial=0)
    return [max(range(last - first), key=means[first:last].__getitem__) for first, last in pairwise(ends)]
