"""The reference engine: beam search, and samples, by Hugging Face transformers."""

from pathlib import Path
from typing import Any

import torch
from transformers import GenerationConfig, LogitsProcessorList, PreTrainedTokenizerBase

from radray.models.batching import in_order, pad
from radray.models.engines.beam_search import BeamEngine, Candidate
from radray.models.engines.token_choice import Likeliest, Sampled, TokenChoice, sample_key
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
        greedy = settings.model_copy(update={"num_beams": 1, "num_return_sequences": 1})
        self._beam, self._token_by_token = (
            search_config(family, folders, self._tokenizer, search) for search in (settings, greedy)
        )
        ends = self._beam.eos_token_id
        self._ends = {ends} if isinstance(ends, int) else set(ends)

    def _search(self, rows: list[list[int]]) -> list[list[Candidate]]:
        if self._settings.num_beams == 1:
            return [[candidate] for candidate in self._write_by_token(rows, Likeliest())]
        out = self._write(rows, self._beam)
        tokens = map(self._until_end, out.sequences.tolist())
        scores = out.sequences_scores.tolist()
        candidates = [Candidate(row, ended, score) for (row, ended), score in zip(tokens, scores, strict=True)]
        each = self._settings.num_return_sequences
        return [candidates[place * each : (place + 1) * each] for place in range(len(rows))]

    def _sample(self, rows: list[list[int]]) -> list[list[Candidate]]:
        settings, count = self._settings, self._settings.samples
        copies = [row for row in rows for _ in range(count)]
        keys = [sample_key(settings.sample_seed, number, row) for row in rows for number in range(count)]
        # each sample is a row of its own: in calls as large as any other
        batches = self.batches([len(row) for row in copies], settings.batch_size, settings.batch_tokens)
        drawn = in_order(
            batches,
            [
                self._write_by_token(
                    [copies[place] for place in batch],
                    Sampled([keys[place] for place in batch], settings.sample_temperature, self._ends),
                )
                for batch in batches
            ],
        )
        return [drawn[place * count : (place + 1) * count] for place in range(len(rows))]

    def _write_by_token(self, rows: list[list[int]], choice: TokenChoice) -> list[Candidate]:
        """Return what `choice` makes of each of `rows`, one token after the other."""
        out = self._write(rows, self._token_by_token, choice)
        tokens = [self._until_end(row) for row in out.sequences.tolist()]
        scores = choice.totals([len(row) + ended for row, ended in tokens], self._settings.length_penalty)
        return [Candidate(row, ended, score) for (row, ended), score in zip(tokens, scores, strict=True)]

    @torch.inference_mode()
    def _write(self, rows: list[list[int]], config: GenerationConfig, *choices: TokenChoice) -> Any:
        self._model.generation_config = config
        return self._family.search(
            *(self._model, rows, self._device), logits_processor=LogitsProcessorList(list(choices))
        )

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
