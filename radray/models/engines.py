"""Engines: what turns prompts into impressions by beam search. `transformers` is the reference for all others."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList

from radray.config import Generate
from radray.models.batching import in_order, length_batches, pad
from radray.models.loading import load_model, load_tokenizer


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A candidate of the beam.

    `score` is the log-probability (natural) of its tokens, end token included, over their number to the power of
    length_penalty, and the same with a beam of one.
    """

    text: str
    score: float


@dataclass(frozen=True, slots=True)
class Generation:
    """What an engine wrote for one prompt: `num_return_sequences` hypotheses, best first.

    input_tokens counts the prompt before it was cut to max_input_tokens (`input_truncated`), with its end token;
    output_tokens the best hypothesis without its end token; `output_cut` says that it met max_new_tokens first.
    """

    hypotheses: tuple[Hypothesis, ...]
    input_tokens: int
    output_tokens: int
    input_truncated: bool
    output_cut: bool


class Engine(Protocol):
    """Writes impressions. An implementation loads its model once, when made, and keeps it."""

    name: str

    def generate(self, prompts: Sequence[str]) -> list[Generation]:
        """Return one generation a prompt, in order; no prompts: an empty list."""
        ...


class TransformersEngine:
    """Beam search by Hugging Face transformers, in batches of like length; the same input gives the same output."""

    name = "transformers"

    def __init__(self, folder: Path, settings: Generate) -> None:
        """Load the model of `folder` in float32, on the GPU if `settings` say so.

        Sets torch's threads for the whole process. Raises InputError for a folder without a usable model.
        """
        torch.set_num_threads(settings.threads_per_actor)
        self._settings = settings
        self._device = torch.device("cuda" if settings.use_gpu else "cpu")
        self._tokenizer = load_tokenizer(folder)
        self._model: Any = load_model(folder, device=self._device)
        ids = self._model.generation_config
        self._pad = ids.pad_token_id
        self._ends = {ids.eos_token_id} if isinstance(ids.eos_token_id, int) else set(ids.eos_token_id)
        # the folder's other generation defaults are dropped: a setting has one meaning, whatever the model
        self._model.generation_config = GenerationConfig(
            pad_token_id=self._pad,
            eos_token_id=ids.eos_token_id,
            decoder_start_token_id=ids.decoder_start_token_id,
            num_beams=settings.num_beams,
            num_return_sequences=settings.num_return_sequences,
            max_new_tokens=settings.max_new_tokens,
            # a beam of one knows neither, and warns of them
            length_penalty=settings.length_penalty if settings.num_beams > 1 else None,
            early_stopping=settings.early_stopping if settings.num_beams > 1 else None,
            do_sample=False,
            return_dict_in_generate=True,
            output_scores=settings.num_beams > 1,
        )

    def generate(self, prompts: Sequence[str]) -> list[Generation]:
        """Return one generation a prompt, in order; no prompts: an empty list."""
        if not prompts:
            return []
        whole = self._tokenizer(list(prompts), verbose=False)["input_ids"]
        limit = self._settings.max_input_tokens
        cut = self._tokenizer(list(prompts), truncation=True, max_length=limit)["input_ids"]
        batches = length_batches([len(row) for row in cut], self._settings.batch_size)
        made = [self._call([cut[i] for i in batch], [len(whole[i]) for i in batch]) for batch in batches]
        return in_order(batches, made)

    @torch.inference_mode()
    def _call(self, rows: list[list[int]], lengths: list[int]) -> list[Generation]:
        """Run one model call; `lengths` are the rows' tokens before truncation."""
        input_ids = torch.tensor(pad(rows, self._pad), device=self._device)
        mask = torch.tensor(pad([[1] * len(row) for row in rows], 0), device=self._device)
        best = _BestTokenScores()
        out = self._model.generate(
            input_ids=input_ids,
            attention_mask=mask,
            logits_processor=LogitsProcessorList([best] if self._settings.num_beams == 1 else []),
        )
        tokens = [self._until_end(row) for row in out.sequences.tolist()]
        if self._settings.num_beams == 1:
            scores = best.totals([len(row) + ended for row, ended in tokens], self._settings.length_penalty)
        else:
            scores = out.sequences_scores.tolist()
        texts = self._tokenizer.batch_decode([row for row, _ in tokens], skip_special_tokens=True)
        each = self._settings.num_return_sequences
        generations = []
        for place, (row, length) in enumerate(zip(rows, lengths, strict=True)):
            span = slice(place * each, (place + 1) * each)
            best_tokens, ended = tokens[span][0]
            generations.append(
                Generation(
                    hypotheses=tuple(
                        Hypothesis(text.strip(), score) for text, score in zip(texts[span], scores[span], strict=True)
                    ),
                    input_tokens=length,
                    output_tokens=len(best_tokens),
                    input_truncated=length > len(row),
                    output_cut=not ended,
                )
            )
        return generations

    def _until_end(self, row: list[int]) -> tuple[list[int], bool]:
        """Return the tokens after the start token and before the end token, and whether there was an end token."""
        row = row[1:]
        end = next((place for place, token in enumerate(row) if token in self._ends), None)
        return (row, False) if end is None else (row[:end], True)


class _BestTokenScores(LogitsProcessor):
    """Keeps the log-probability of each step's likeliest token, which greedy search takes but does not report."""

    def __init__(self) -> None:
        self._steps: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        self._steps.append(torch.log_softmax(scores.float(), dim=-1).amax(dim=-1))
        return scores

    def totals(self, lengths: Sequence[int], length_penalty: float) -> list[float]:
        """Return each row's score over its first `lengths` tokens."""
        steps = torch.stack(self._steps, dim=1).tolist()
        return [sum(row[:n]) / n**length_penalty for row, n in zip(steps, lengths, strict=True)]
