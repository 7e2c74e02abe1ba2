"""What every engine does alike around its beam search: tokens in, cut and batched; texts, scores and flags out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple

from transformers import PreTrainedTokenizerBase

from radray.errors import ConfigError
from radray.models.batching import in_order, length_batches
from radray.models.engines.engine import Generation, Hypothesis, Likelihood, ModelCall, answer, engine_name
from radray.models.families.family import EncodedPrompt, Family
from radray.models.tokens import cut
from radray.settings.generate import GenerateSettings


class Candidate(NamedTuple):
    """A hypothesis in tokens: those before the end token, whether there was one, and its score."""

    tokens: list[int]
    ended: bool
    score: float


class BeamEngine(ABC):
    """An engine but for the search itself, so that a prompt, a flag and a score mean the same in all of them."""

    batches = staticmethod(length_batches)
    """How prompts are put into calls."""

    def __init__(
        self,
        folder: Path,
        family: Family,
        tokenizer: PreTrainedTokenizerBase,
        settings: GenerateSettings,
        *,
        chat: bool,
    ) -> None:
        self.name = engine_name(settings)
        limits = {"max_input_tokens": settings.max_input_tokens, "max_new_tokens": settings.max_new_tokens}
        family.refuse_longer(folder, {f"generate.{name}": tokens for name, tokens in limits.items()})
        self._family = family
        self._tokenizer = tokenizer
        self._chat = chat
        self._settings = settings
        self._alike: list[int] = []

    @abstractmethod
    def _search(self, rows: list[list[int]]) -> list[list[Candidate]]:
        """Return the candidates of each row of input tokens, best first: one model call."""

    @abstractmethod
    def _log_probabilities(self, rows: list[list[int]], targets: list[list[int]]) -> list[list[float]]:
        """Return the log-probability of each token of each target after its row of input tokens: one model call."""

    def _sample(self, rows: list[list[int]]) -> list[list[Candidate]]:
        """Return `generate.samples` samples of each row of input tokens, in order."""
        raise ConfigError(f"{self.name} draws no samples that a resumed run repeats: set generate.engine=transformers")

    def plan(self, prompts: Sequence[str]) -> list[ModelCall]:
        """Return calls of prompts of like length, the longest first; no prompts: an empty list."""
        if not prompts:
            return []
        encoded, rows = self._encoded(prompts)
        lengths = [len(row) for row in rows]
        return [
            ModelCall(
                tuple(batch),
                max(lengths[place] for place in batch),
                partial(self._call, [rows[place] for place in batch], [len(encoded[place].ids) for place in batch]),
            )
            for batch in self.batches(lengths, self._settings.batch_size, self._settings.batch_tokens)
        ]

    def generate(self, prompts: Sequence[str]) -> list[Generation]:
        """Return one generation a prompt, in order; no prompts: an empty list."""
        return answer(self.plan(prompts))

    def score(self, prompts: Sequence[str], texts: Sequence[str]) -> list[Likelihood]:
        """Return the likelihood of each text after the prompt at its place, in order; none: an empty list.

        Prompts are cut as those that are answered, texts are whole; masks that are never written count as any token.
        """
        if not prompts:
            return []
        _, rows = self._encoded(prompts)
        targets = self._family.encode_targets(self._tokenizer, texts, chat=self._chat)
        lengths = [len(row) + len(target) for row, target in zip(rows, targets, strict=True)]
        batches = length_batches(lengths, self._settings.batch_size, self._settings.batch_tokens)
        values = in_order(
            batches,
            (self._log_probabilities([rows[i] for i in batch], [targets[i] for i in batch]) for batch in batches),
        )
        return [Likelihood(sum(its), len(its)) for its in values]

    def _encoded(self, prompts: Sequence[str]) -> tuple[list[EncodedPrompt], list[list[int]]]:
        """Return the tokens of `prompts`, whole and cut; what all of a run begin with is known from the first."""
        encoded = self._family.encode_prompts(self._tokenizer, prompts, chat=self._chat)
        self._alike = self._alike or encoded[0].ids[: encoded[0].alike]
        limit, side = self._settings.max_input_tokens, self._tokenizer.truncation_side
        return encoded, [cut(prompt.ids, limit, side, prompt.tail, prompt.exemplars) for prompt in encoded]

    def _call(self, rows: list[list[int]], whole: list[int]) -> list[Generation]:
        """Return the generations of `rows` of input tokens, of which there were `whole` before they were cut."""
        candidates_by_row = self._search(rows)
        samples_by_row = self._sample(rows) if self._settings.samples else [[] for _ in rows]
        return [
            self._generation(candidates, samples, length, length > len(row))
            for candidates, samples, length, row in zip(candidates_by_row, samples_by_row, whole, rows, strict=True)
        ]

    def _hypotheses(self, candidates: Sequence[Candidate]) -> tuple[Hypothesis, ...]:
        # of an empty batch transformers 5.17 makes one text
        rows = [c.tokens for c in candidates]
        texts = self._tokenizer.batch_decode(rows, skip_special_tokens=True) if rows else []
        return tuple(Hypothesis(text.strip(), c.score, c.ended) for text, c in zip(texts, candidates, strict=True))

    def _generation(
        self, candidates: Sequence[Candidate], samples: Sequence[Candidate], length: int, truncated: bool
    ) -> Generation:
        best = candidates[0]
        count = len(best.tokens) + best.ended
        return Generation(
            hypotheses=self._hypotheses(candidates),
            samples=self._hypotheses(samples),
            input_tokens=length,
            output_tokens=len(best.tokens),
            input_truncated=truncated,
            output_cut=not best.ended,
            logprob_per_token=best.score * count ** (self._settings.length_penalty - 1),
        )
