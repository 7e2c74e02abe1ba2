"""The fast engine: beam search by CTranslate2, on a converted copy of the model."""

import json

import ctranslate2
from transformers import GenerationConfig, PreTrainedTokenizerBase

from radray.errors import ConfigError, InputError
from radray.models.batching import equal_length_batches
from radray.models.engines.beam_search import BeamEngine, Candidate
from radray.models.engines.conversion import ensure_converted
from radray.models.families.family import Family
from radray.models.families.loading import load_config, quiet
from radray.models.families.masks import never_written
from radray.models.families.registry import open_family
from radray.models.folder import ModelFolder
from radray.models.manifest import Check, verify_files
from radray.settings.generate import GenerateSettings


class CTranslate2Engine(BeamEngine):
    """Beam search by CTranslate2 with the reference's meaning of every setting."""

    def __init__(
        self,
        model: ModelFolder,
        settings: GenerateSettings,
        converted: str | None = None,
        check: Check = verify_files,
        *,
        chat: bool = False,
    ) -> None:
        """Load the converted copy of `model`, which is made where there is none; on the GPU if `settings` say so.

        `converted` is the digest that the copy must have, `check` compares its files with their manifest. `chat`:
        prompts go through the tokenizer's chat template. Raises InputError for a copy that is damaged or another, for
        a model that cannot be converted, and for settings with which CTranslate2 computes something else; ConfigError
        for a compute type that this device does not know.
        """
        family = open_family(model.path)
        super().__init__(model.path, family, family.load_tokenizer(model.path), settings, chat=chat)
        device = "cuda" if settings.use_gpu else "cpu"
        refuse_compute_type(settings.compute_type, device)
        family.refuse_beyond_window(model.path, settings.max_input_tokens + settings.max_new_tokens)
        copy = ensure_converted(model, settings.compute_type, check=check)
        if converted not in (None, copy.digest):
            raise InputError(
                f"model {model.name}: {copy.path} is not the conversion that the parity run was made with; remove it"
            )
        kind = ctranslate2.Generator if family.decoder_only else ctranslate2.Translator
        try:
            self._model = kind(
                str(copy.path),
                device=device,
                compute_type=settings.compute_type,
                inter_threads=1,
                intra_threads=settings.threads_per_actor,
            )
        except (RuntimeError, ValueError) as error:
            raise InputError(
                f"model {model.name}: {copy.path} cannot be loaded on {device} ({type(error).__name__})"
            ) from None
        if family.decoder_only:
            # of a longer prompt in a call it writes the rest token by token, and lets no answer end there: an empty
            # candidate is lost, and with it the beam of the reference
            self.batches = equal_length_batches
        vocabulary = copy.path / ("vocabulary.json" if family.decoder_only else "shared_vocabulary.json")
        self._pieces: list[str] = json.loads(vocabulary.read_text(encoding="utf-8"))
        self._ids = {piece: row for row, piece in enumerate(self._pieces)}
        self._end = self._pieces[self._tokenizer.eos_token_id]
        self._ends = {self._pieces[token] for token in _ends(model, family, self._tokenizer)}
        masks = never_written(self._tokenizer, suppress_masks=settings.suppress_masks)
        self._masks = [[self._pieces[token] for token in sequence] for sequence in masks]

    def _search(self, rows: list[list[int]]) -> list[list[Candidate]]:
        sources = [[self._pieces[token] for token in row] for row in rows]
        if any(source in ([], [self._end]) for source in sources):
            # CTranslate2 calls such a source empty and answers with nothing, without running the model
            raise ValueError("a prompt without a token")
        alike = {
            "beam_size": self._settings.num_beams,
            "num_hypotheses": self._settings.num_return_sequences,
            "length_penalty": self._settings.length_penalty,
            # as many ended hypotheses as beams end the search: early_stopping
            "patience": 1.0,
            "suppress_sequences": self._masks or None,
            "return_scores": True,
            "return_end_token": True,
        }
        if self._family.decoder_only:
            # computed once an engine and kept; its cache has no bound, so it is never another
            known = len(self._alike)
            shared = known > 0 and all(row[:known] == self._alike and len(row) > known for row in rows)
            results = self._model.generate_batch(
                [source[known:] for source in sources] if shared else sources,
                **alike,
                static_prompt=[self._pieces[token] for token in self._alike] if shared else None,
                max_length=self._settings.max_new_tokens,
                min_length=0,
                include_prompt_in_result=False,
                end_token=sorted(self._ends),
            )
            return [self._candidates(result.sequences, result.scores) for result in results]
        results = self._model.translate_batch(
            sources,
            **alike,
            max_decoding_length=self._settings.max_new_tokens,
            # the prompt is cut already, and CTranslate2 would cut at 1024 in silence
            max_input_length=0,
            # its default, 1, forbids an empty impression
            min_decoding_length=0,
        )
        return [self._candidates(result.hypotheses, result.scores) for result in results]

    def _log_probabilities(self, rows: list[list[int]], targets: list[list[int]]) -> list[list[float]]:
        pieces = [[self._pieces[token] for token in row] for row in rows]
        if self._family.decoder_only:
            both = [
                [*row, *(self._pieces[token] for token in target)] for row, target in zip(pieces, targets, strict=True)
            ]
            results = self._model.score_batch(both, max_input_length=0)
        else:
            # the end token is its own
            written = [[self._pieces[token] for token in target[:-1]] for target in targets]
            results = self._model.score_batch(pieces, written, max_input_length=0)
        return [result.log_probs[-len(target) :] for result, target in zip(results, targets, strict=True)]

    def _candidates(self, rows: list[list[str]], scores: list[float]) -> list[Candidate]:
        return [self._candidate(tokens, score) for tokens, score in zip(rows, scores, strict=True)]

    def _candidate(self, tokens: list[str], score: float) -> Candidate:
        ended = tokens[-1:] != [] and tokens[-1] in self._ends
        return Candidate([self._ids[token] for token in tokens[: len(tokens) - ended]], ended, score)


def _ends(model: ModelFolder, family: Family, tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the tokens that end an answer, as the reference has them."""
    if not family.decoder_only:
        return [tokenizer.eos_token_id]
    try:
        with quiet():
            folders = GenerationConfig.from_pretrained(model.path, local_files_only=True)
    except OSError:  # a folder without one: the model's config has it
        folders = GenerationConfig.from_model_config(load_config(model.path))
    return list(family.search_tokens(folders, tokenizer)["eos_token_id"])


def refuse_compute_type(compute_type: str, device: str) -> None:
    """Raise ConfigError when `device` (cpu or cuda) does not compute in that type: CTranslate2 would take another."""
    try:
        known = ctranslate2.get_supported_compute_types(device)
    except (RuntimeError, ValueError):
        known = set()
    if compute_type not in known:
        names = ", ".join(sorted(known & {"float32", "bfloat16", "int8"}))
        raise ConfigError(
            f"generate.compute_type={compute_type}: CTranslate2 on {device} here knows {names or 'nothing'}"
        )
