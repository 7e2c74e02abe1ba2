"""The fast engine: beam search by CTranslate2, on a converted copy of the model."""

import json

import ctranslate2

from radray.errors import ConfigError, InputError
from radray.models.engines.beam_search import BeamEngine, Candidate
from radray.models.engines.conversion import ensure_converted
from radray.models.families.masks import never_written
from radray.models.families.t5.loading import load_tokenizer
from radray.models.folder import ModelFolder
from radray.models.manifest import Check, verify_files
from radray.settings.generate import GenerateSettings


class CTranslate2Engine(BeamEngine):
    """Beam search by CTranslate2 with the reference's meaning of every setting."""

    def __init__(
        self, model: ModelFolder, settings: GenerateSettings, converted: str | None = None, check: Check = verify_files
    ) -> None:
        """Load the converted copy of `model`, which is made where there is none; on the GPU if `settings` say so.

        `converted` is the digest that the copy must have, `check` compares its files with their manifest. Raises
        InputError for a copy that is damaged or another, and for a model that cannot be converted; ConfigError for a
        compute type that this device does not know.
        """
        super().__init__(load_tokenizer(model.path), settings)
        device = "cuda" if settings.use_gpu else "cpu"
        refuse_compute_type(settings.compute_type, device)
        copy = ensure_converted(model, settings.compute_type, check=check)
        if converted not in (None, copy.digest):
            raise InputError(
                f"model {model.name}: {copy.path} is not the conversion that the parity run was made with; remove it"
            )
        try:
            self._translator = ctranslate2.Translator(
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
        self._pieces: list[str] = json.loads((copy.path / "shared_vocabulary.json").read_text(encoding="utf-8"))
        self._ids = {piece: row for row, piece in enumerate(self._pieces)}
        self._end = self._pieces[self._tokenizer.eos_token_id]
        masks = never_written(self._tokenizer, suppress_masks=settings.suppress_masks)
        self._masks = [[self._pieces[token] for token in sequence] for sequence in masks]

    def _search(self, rows: list[list[int]]) -> list[list[Candidate]]:
        sources = [[self._pieces[token] for token in row] for row in rows]
        if any(source == [self._end] for source in sources):
            # CTranslate2 calls such a source empty and answers with nothing, without running the model
            raise ValueError("a prompt without a token")
        results = self._translator.translate_batch(
            sources,
            beam_size=self._settings.num_beams,
            num_hypotheses=self._settings.num_return_sequences,
            max_decoding_length=self._settings.max_new_tokens,
            length_penalty=self._settings.length_penalty,
            # as many ended hypotheses as beams end the search: early_stopping
            patience=1.0,
            suppress_sequences=self._masks or None,
            # the prompt is cut already, and CTranslate2 would cut at 1024 in silence
            max_input_length=0,
            # its default, 1, forbids an empty impression
            min_decoding_length=0,
            return_scores=True,
            return_end_token=True,
        )
        return [
            [self._candidate(tokens, score) for tokens, score in zip(result.hypotheses, result.scores, strict=True)]
            for result in results
        ]

    def _candidate(self, tokens: list[str], score: float) -> Candidate:
        ended = tokens[-1:] == [self._end]
        return Candidate([self._ids[token] for token in tokens[: len(tokens) - ended]], ended, score)


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
