"""How a model's output is decoded: impressions as is set, answers one way for all tasks, so that they share a model."""

from radray.settings.generate import GenerateSettings

ANSWER_TOKENS = 160
"""Longest answer, in tokens: a list of fifteen findings with their sides, or a repaired impression. One that ends
before costs nothing of it."""


def impression_settings(settings: GenerateSettings) -> GenerateSettings:
    """Return `settings` for impressions, as they are: what is not set has the impression's defaults."""
    return settings


def answer_settings(settings: GenerateSettings) -> GenerateSettings:
    """Return `settings` for answers: greedy, one text of at most ANSWER_TOKENS, no consensus.

    Engine, number format, batches, actors, max_input_tokens and suppress_masks stay as they are set.
    """
    return settings.model_copy(
        update={
            **{"num_beams": 1, "num_return_sequences": 1, "max_new_tokens": ANSWER_TOKENS},
            **{"length_penalty": 1.0, "consensus": None, "samples": 0},
        }
    )
