"""Settings of generation and scoring: beam search, the actors that run it, ROUGE and deferral."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from radray.settings.section import Place, PositiveInt, Section


class GenerateSettings(Section):
    """Beam search and the actors that run it."""

    engine: Literal["auto", "transformers", "ctranslate2"] = "auto"
    """Library that runs the model; auto: ctranslate2 where it writes what transformers, the reference, writes for this
    model on this device."""
    compute_type: Literal["float32", "bfloat16", "int8"] = "float32"
    """Number format that the engine computes in; int8 needs ctranslate2."""
    num_beams: Annotated[int, Field(ge=1, le=64)] = 4
    """Beams of the search; 1: greedy search."""
    num_return_sequences: Annotated[int, Field(ge=1, le=64)] = 2
    """Candidates kept for each report, best first, at most generate.num_beams."""
    max_new_tokens: Annotated[int, Field(ge=1, le=1024)] = 128
    """Longest impression, in tokens."""
    length_penalty: Annotated[float, Field(ge=-10.0, le=10.0)] = 1.0
    """Power of a candidate's length, in tokens, that its log-probability is divided by; above 0 longer impressions win
    more often."""
    early_stopping: Annotated[Literal[True], BeforeValidator(lambda value: value in (True, "true"))] = True
    """Whether the search ends as soon as generate.num_beams candidates have ended: always true, since ctranslate2 knows
    no other way."""
    max_input_tokens: Annotated[int, Field(ge=8, le=4096)] = 512
    """Longest prompt, in tokens; a longer one loses the training reports that it shows, and then its end."""
    batch_size: Annotated[int, Field(ge=1, le=1024)] = 32
    """Most reports in one call of the model."""
    batch_tokens: PositiveInt = 16_384
    """Most input tokens in one call of the model, padding included; a longer report is a call of its own."""
    repeats_kept: Annotated[int, Field(ge=0)] = 10_000
    """Answers that an actor keeps for reports with the same text; 0: such reports are generated again."""
    suppress_masks: bool = True
    """Whether the model is kept from writing masks of de-identification (``___``, ``XXXX``)."""
    consensus: Literal["rouge_l", "concepts", "both"] | None = None
    """What the candidates of a report are compared by, of which one that agrees most is written: words (ROUGE-L),
    findings (concept F1) or both; None: the beam's best is written.

    Candidates are the beam's (generate.num_return_sequences), generate.samples and generate.consensus_neighbours."""
    consensus_neighbours: Annotated[int, Field(ge=0, le=100)] = 10
    """Nearest training reports whose impressions are candidates, where generate.consensus is set; 0: none."""
    consensus_model_share: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.75
    """Share of the votes that the model's candidates have together; the training reports have the rest, each by the
    sixth power of its cosine."""
    consensus_checks: bool = True
    """Whether the candidates that the clinical checks fault least go before those that agree most.

    The checks see findings and background. Their rates no longer judge such a model: it was chosen by them."""
    samples: Annotated[int, Field(ge=0, le=64)] = 0
    """Samples of the model that are candidates beside the beam; needs generate.consensus and transformers."""
    sample_temperature: Annotated[float, Field(gt=0.0, le=2.0)] = 0.7
    """Temperature of generate.samples: the lower, the likelier the tokens that are drawn."""
    sample_seed: Annotated[int, Field(ge=0)] = 13
    """Seed of generate.samples, which depend on it, on the prompt and on their number alone."""
    order: Literal["criticality"] | None = None
    """Order of the items of an impression: the most urgent findings first, each item in its own words; None: as they
    were written.

    What stood where is recorded. An impression whose items cannot be distinguished or moved stays as it is."""
    block_rows: Annotated[int, Field(ge=1, le=100_000)] = 200
    """Reports in a Ray Data block, which is the unit of staging and what a crash may repeat."""
    actors: Annotated[int, Field(ge=1, le=4096)] | Literal["auto"] = "auto"
    """Actors that run the model; auto: one a GPU, or as many as the cluster's CPUs hold, less what reading and writing
    need."""
    threads_per_actor: Annotated[int, Field(ge=1, le=256)] = 2
    """CPUs that an actor holds and computes with; several actors of few are faster than one of many."""
    use_gpu: bool = False
    """Whether each actor computes on a GPU."""
    call_timeout_s: Annotated[float, Field(gt=0.0, le=86_400.0)] = 3_600.0
    """Longest that a call of the model may take, in seconds; less as soon as the speed is known: 60 s and ten times
    what its tokens take.

    A report that takes longer alone is failed with reason timeout."""
    load_timeout_s: Annotated[float, Field(gt=0.0, le=86_400.0)] = 3_600.0
    """Longest that an engine may take until it answers, in seconds: checking the model's files, converting and loading
    them."""

    @model_validator(mode="after")
    def _hypotheses_fit_the_beam(self) -> "GenerateSettings":
        if self.num_return_sequences > self.num_beams:
            raise ValueError("generate.num_return_sequences must not exceed generate.num_beams")
        return self

    @model_validator(mode="after")
    def _there_are_candidates(self) -> "GenerateSettings":
        if self.samples and self.consensus is None:
            raise ValueError("generate.samples are candidates: set generate.consensus, or 0 samples")
        if self.samples and (self.engine == "ctranslate2" or self.compute_type == "int8"):
            raise ValueError(
                "generate.samples would depend on the batch in ctranslate2: set generate.engine=transformers and"
                " generate.compute_type=float32, or 0 samples"
            )
        if self.consensus is not None and self.num_return_sequences + self.samples + self.consensus_neighbours < 2:
            raise ValueError(
                "generate.consensus needs candidates: raise generate.num_return_sequences, samples or"
                " consensus_neighbours"
            )
        return self


class VocabularyEntry(Section):
    """What a hospital adds to a concept of the vocabulary, or changes of it."""

    phrases: tuple[str, ...] = ()
    """Further phrases for the concept, in lower case, such as ``[ptx sign]``."""
    urgency: Literal["critical", "urgent", "none"] | None = None
    """Urgency in the place of the vocabulary's; None: unchanged."""


class ScoreSettings(Section):
    """ROUGE, and which reports a person should write: those whose prediction is below one of the thresholds.

    A prediction without the figure (a failed one; margin: where the beam gave no second; agreement: without
    generate.consensus) is below any threshold.
    """

    stemmer: bool = True
    """Whether ROUGE compares the stems of words."""
    defer_below_logprob: Annotated[float, Field(le=0.0, allow_inf_nan=False)] | None = None
    """Log-probability per token below which a report is left to a person; None: off.

    `jobs.evaluate` shows what a threshold buys."""
    defer_below_margin: Annotated[float, Field(ge=0.0, allow_inf_nan=False)] | None = None
    """Score of the prediction less that of the second candidate, below which a report is left to a person; None:
    off."""
    defer_below_agreement: Annotated[float, Field(ge=0.0, le=1.0)] | None = None
    """Mean agreement of the chosen candidate with the others, below which a report is left to a person; None: off."""
    calibration: Place | None = None
    """File or ``s3://`` object of `evaluate.calibrate`, by which predictions that read normal are left to a person
    where they are not sure enough; None: off.

    It is refused for another model, engine, prompt, dataset or other settings than those it was made for."""
    calibration_level: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.01
    """P-value of a night's confidences being spread as where the calibration was made, below which it is withdrawn and
    all reports of the night are left to a person: so often at a night like those."""
    vocabulary: dict[str, VocabularyEntry] = Field(default_factory=dict)
    """Phrases and urgencies of the hospital, by concept, such as ``{pneumothorax: {phrases: [deep sulcus]}}``; {}: the
    vocabulary as it is.

    The concepts are in radray/language/lexicon/words."""
