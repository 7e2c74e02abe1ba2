"""Settings of generation and scoring: beam search, the actors that run it, ROUGE and deferral."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from radray.settings.section import PositiveInt, Section


class GenerateSettings(Section):
    """Beam search and the actors that run it."""

    engine: Literal["auto", "transformers", "ctranslate2"] = "auto"
    """auto: ctranslate2 where it writes what transformers, the reference, does, for this model on this device."""
    compute_type: Literal["float32", "bfloat16", "int8"] = "float32"
    num_beams: Annotated[int, Field(ge=1, le=64)] = 4
    num_return_sequences: Annotated[int, Field(ge=1, le=64)] = 2
    max_new_tokens: Annotated[int, Field(ge=1, le=1024)] = 128
    length_penalty: Annotated[float, Field(ge=-10.0, le=10.0)] = 1.0
    early_stopping: Annotated[Literal[True], BeforeValidator(lambda value: value in (True, "true"))] = True
    max_input_tokens: Annotated[int, Field(ge=8, le=4096)] = 512
    batch_size: Annotated[int, Field(ge=1, le=1024)] = 32
    """Reports a model call, at most."""
    batch_tokens: PositiveInt = 16_384
    """Input tokens a model call, padding included; a longer report is a call of its own."""
    repeats_kept: Annotated[int, Field(ge=0)] = 10_000
    """Answers an actor keeps for reports that say the same; 0: such reports are generated again, too."""
    suppress_masks: bool = True
    """Never write a mask of de-identification (``___``, ``XXXX``)."""
    block_rows: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Reports a Ray Data block: the unit of staging, and what a crash may repeat."""
    actors: Annotated[int, Field(ge=1, le=4096)] | Literal["auto"] = "auto"
    """auto: one a GPU, or as many as the cluster's CPUs hold, less what reading and writing need."""
    threads_per_actor: Annotated[int, Field(ge=1, le=256)] = 2
    """CPUs that an actor computes with and holds; several actors of few are faster than one of many."""
    use_gpu: bool = False
    call_timeout_s: Annotated[float, Field(gt=0.0, le=86_400.0)] = 3_600.0
    """Longest that a model call may take; less as soon as the speed is known: 60 s and ten times what its tokens take.

    A report that takes longer alone is failed with reason timeout."""
    load_timeout_s: Annotated[float, Field(gt=0.0, le=86_400.0)] = 3_600.0
    """Longest that an engine may take until it answers: checking the model's files, converting and loading them."""

    @model_validator(mode="after")
    def _hypotheses_fit_the_beam(self) -> "GenerateSettings":
        if self.num_return_sequences > self.num_beams:
            raise ValueError("generate.num_return_sequences must not exceed generate.num_beams")
        return self


class ScoreSettings(Section):
    """ROUGE, and which reports a person should write: those whose prediction is below one of the thresholds.

    A prediction without the figure (a failed one; margin: where the beam gave no second) is below any threshold.
    """

    stemmer: bool = True
    defer_below_logprob: Annotated[float, Field(le=0.0, allow_inf_nan=False)] | None = None
    """Least log-probability per token, 1/token; None: off. `jobs.evaluate` shows what a threshold buys."""
    defer_below_margin: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] | None = None
    """Least score of the prediction less that of the second candidate; None: off."""
