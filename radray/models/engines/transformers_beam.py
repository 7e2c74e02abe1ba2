"""The reference engine: beam search by Hugging Face transformers."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessor, LogitsProcessorList, PreTrainedTokenizerBase

from radray.models.batching import pad
from radray.models.engines.beam_search import BeamEngine, Candidate
from radray.models.families.family import Family
from radray.models.families.masks import never_written
from radray.models.families.registry import open_family
from radray.settings.generate import GenerateSettings

_TYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}


def search_config(
    family: Family, folders: GenerationConfig, tokenizer: PreTrainedTokenizerBase, settings: GenerateSettings
) -> GenerationConfig:
    """Return the beam search of `settings` for a model whose folder has the generation config `folders`.

    Of that one only the special tokens are taken.
    """
    masks = never_written(tokenizer, suppress_masks=settings.suppress_masks)
    return GenerationConfig(
        **family.search_tokens(folders, tokenizer),
        num_beams=settings.num_beams,
        num_return_sequences=settings.num_return_sequences,
        max_new_tokens=settings.max_new_tokens,
        # a beam of one knows neither, and warns of them
        length_penalty=settings.length_penalty if settings.num_beams > 1 else None,
        early_stopping=settings.early_stopping if settings.num_beams > 1 else None,
        bad_words_ids=[list(sequence) for sequence in masks] or None,
        # CTranslate2 takes its logarithms of what is left, not before: so a score means the same in both
        renormalize_logits=True if masks else None,
        do_sample=False,
        return_dict_in_generate=True,
        output_scores=settings.num_beams > 1,
    )


class TransformersEngine(BeamEngine):
    """Beam search by Hugging Face transformers, in batches of like length; the same input gives the same output."""

    def __init__(self, folder: Path, settings: GenerateSettings, *, chat: bool = False) -> None:
        """Load the model of `folder`, on the GPU if `settings` say so; `chat`: prompts go through its template.

        Sets torch's threads for the whole process. Raises InputError for a folder without a usable model, and
        ConfigError for int8, which this engine does not know.
        """
        family = open_family(folder)
        super().__init__(folder, family, family.load_tokenizer(folder), settings, chat=chat)
        torch.set_num_threads(settings.threads_per_actor)
        self._device = torch.device("cuda" if settings.use_gpu else "cpu")
        self._model: Any = family.load_model(folder, dtype=_TYPES[settings.compute_type], device=self._device)
        # the folder's other generation defaults are dropped: a setting has one meaning, whatever the model
        folders = self._model.generation_config
        ids = self._model.generation_config = search_config(family, folders, self._tokenizer, settings)
        self._ends = {ids.eos_token_id} if isinstance(ids.eos_token_id, int) else set(ids.eos_token_id)

    @torch.inference_mode()
    def _search(self, rows: list[list[int]]) -> list[list[Candidate]]:
        best = _BestTokenScores()
        out = self._family.search(
            *(self._model, rows, self._device),
            logits_processor=LogitsProcessorList([best] if self._settings.num_beams == 1 else []),
        )
        tokens = [self._until_end(row) for row in out.sequences.tolist()]
        if self._settings.num_beams == 1:
            scores = best.totals([len(row) + ended for row, ended in tokens], self._settings.length_penalty)
        else:
            scores = out.sequences_scores.tolist()
        candidates = [Candidate(row, ended, score) for (row, ended), score in zip(tokens, scores, strict=True)]
        each = self._settings.num_return_sequences
        return [candidates[place * each : (place + 1) * each] for place in range(len(rows))]

    @torch.inference_mode()
    def _log_probabilities(self, rows: list[list[int]], targets: list[list[int]]) -> list[list[float]]:
        logits = self._family.target_logits(self._model, self._model, rows, targets, self._device)
        values = torch.log_softmax(logits.float(), dim=-1)
        places = torch.tensor(pad(targets, 0), device=values.device)
        chosen = values[:, : places.shape[1]].gather(2, places[:, :, None])[:, :, 0].tolist()
        return [row[: len(target)] for row, target in zip(chosen, targets, strict=True)]

    def _until_end(self, row: list[int]) -> tuple[list[int], bool]:
        """Return the tokens before the end token, and whether there was one."""
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
