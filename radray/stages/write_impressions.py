"""The stage that writes impressions: beam search by an engine that its actor holds."""

from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from radray.config import Generate
from radray.models.engines import open_engine
from radray.models.folder import ModelFolder
from radray.models.manifest import verify_files
from radray.models.repeats import AnswerOnce
from radray.reports.prompts import get_prompt
from radray.schemas import HYPOTHESES, FailReason, PredictionStatus
from radray.stages.stage import Stage


class WriteImpressions(Stage):
    """Write an impression for each report with a model, which is loaded once an actor."""

    reads = ("unit_id", "findings", "background")
    keeps_rows = True

    def __init__(self, model: ModelFolder, prompt_id: str, settings: Generate, converted: str | None = None) -> None:
        """Load `model` with the engine of `settings`; `converted` is the digest that a converted copy must have.

        Raises InputError when its files are not those of its manifest any more.
        """
        verify_files(model.path, model.manifest)
        self._prompt = get_prompt(prompt_id)
        self._engine = AnswerOnce(open_engine(model, settings, converted), settings.repeats_kept)

    def run(self, batch: pa.Table) -> pa.Table:
        """Return `batch` with prediction, hypotheses, token counts, flags, status and reason."""
        findings, background = batch.column("findings").to_pylist(), batch.column("background").to_pylist()
        prompts = [self._prompt.fill(f, b) for f, b in zip(findings, background, strict=True)]
        made = [_FAILED if one is None else self._outcome(one) for one in self._generate(prompts)]
        for name, type_ in _OUTCOME.items():
            column = pa.array([one[name] for one in made], type_)
            batch = (
                batch.set_column(batch.column_names.index(name), name, column)
                if name in batch.column_names
                else batch.append_column(name, column)
            )
        return batch

    def _generate(self, prompts: Sequence[str]) -> list[Any]:
        """Return a generation a prompt, None where the engine fails on that prompt alone.

        Raises the engine's own error when it fails on every one: then it is not the reports.
        """
        try:
            return list(self._engine.generate(prompts))
        except Exception:
            made: list[Any] = []
            for prompt in prompts:
                try:
                    made += self._engine.generate([prompt])
                except Exception:
                    made.append(None)
            if not any(made):
                raise
            return made

    @staticmethod
    def _outcome(generation: Any) -> dict[str, Any]:
        best = generation.hypotheses[0].text
        return {
            "prediction": best or None,
            "hypotheses": [{"text": one.text, "score": one.score} for one in generation.hypotheses],
            "input_tokens": generation.input_tokens,
            "output_tokens": generation.output_tokens,
            "input_truncated": generation.input_truncated,
            "output_cut": generation.output_cut,
            "logprob_per_token": generation.logprob_per_token,
            "margin": generation.margin,
            "repeated": generation.repeated,
            "status": (PredictionStatus.OK if best else PredictionStatus.FAILED).value,
            "reason": None if best else FailReason.EMPTY_OUTPUT.value,
        }


_OUTCOME = {
    "prediction": pa.string(),
    "hypotheses": HYPOTHESES,
    "input_tokens": pa.int64(),
    "output_tokens": pa.int64(),
    "input_truncated": pa.bool_(),
    "output_cut": pa.bool_(),
    "logprob_per_token": pa.float64(),
    "margin": pa.float64(),
    "repeated": pa.bool_(),
    "status": pa.string(),
    "reason": pa.string(),
}


_FAILED = dict.fromkeys(_OUTCOME) | {
    "status": PredictionStatus.FAILED.value,
    "reason": FailReason.ENGINE_ERROR.value,
}
