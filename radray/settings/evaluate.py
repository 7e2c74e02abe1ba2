"""Settings of evaluation: which systems are compared, and what is written."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from radray.settings.section import Place, Section

Risk = Literal["r1", "r1_normal", "r2"]
Share = Annotated[float, Field(gt=0.0, lt=1.0)]


def _alphas() -> dict[Risk, float]:
    return {"r2": 0.1}


class EvaluateSettings(Section):
    """Models side by side."""

    published: Place | None = None
    """JSON file of published results to print beside ours; None: none are printed."""
    scores: Place | None = None
    """File of another program's scores to put beside ours, a value a row: unit_id, metric, value, with several models
    system, as CSV or Parquet; None: ours alone.

    They get intervals, paired tests and strata as ours do, in the same tables. `radray/evaluation/README.md` has a
    recipe."""
    choices: Place | None = None
    """File of questions with options, JSON lines in the form of MedQA, MedMCQA or PubMedQA, that the models of
    model.uri are asked: the job does this alone; None: none are asked.

    It prints how many they answer rightly. A model answers by the likelihood of each option and in words, with the
    engine of generate.engine (auto: transformers). The figures are in `evaluations` and `comparisons`, the file's name
    as their dataset."""
    models: tuple[Place, ...] = ()
    """Models to compare, by name or first characters of the digest, the one in use first; []: all, by name."""
    pretrained: Place | None = None
    """Model before fine-tuning, by name or first characters of its digest, over which the gain is reported; None: no
    gain is reported."""
    normal_weight: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    """Weight of normal references in the standardised mean, 0 to 1; abnormal ones have the rest.

    It is fixed so that two nights or sets of another case mix can be compared: at 0.5 neither kind rules."""
    resamples: Annotated[int, Field(ge=200, le=100_000)] = 2_000
    """Resamples of each 95 % interval, and draws of each test."""
    seed: Annotated[int, Field(ge=0)] = 13
    """Seed of the resamples, of the tests and of the reports drawn for review."""
    csv: Place | None = None
    """Folder for evaluations.csv and comparisons.csv; None: no CSV is written."""
    page: Place | None = None
    """HTML file of the evaluation in words, charts, tables and cases, complete in itself; None: no page is written."""
    page_text: bool = False
    """Whether the page shows the texts of its cases; else it shows their ids, and the `jobs.query` lines that print
    them. Texts that may hold identifiers, by rules, are never shown."""
    page_note: Annotated[str, Field(max_length=1_000)] | None = None
    """What a reader of the page must know of the data before all else; None: nothing."""
    review: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Reports on a blinded sheet that readers fill in, one sheet a model; None: no sheet is drawn."""
    review_out: Place = "out/review"
    """Folder of the sheets and their keys."""
    review_filled: tuple[Place, ...] = ()
    """Filled sheets of one review, one a reader, beside its key: the job prints what they say and does nothing else;
    []: none."""

    calibrate: Literal["logprob", "margin", "agreement"] | None = None
    """Confidence for which a threshold with a bound on the worst error is computed, an abnormal report passed off as
    normal; None: no calibration.

    It wants predictions of one model on one dataset and split, with references, that the model was not trained on, and
    writes a file for `score.calibration`; see `radray/evaluation/README.md`."""
    calibrate_alpha: Annotated[dict[Risk, Share], Field(min_length=1)] = Field(default_factory=_alphas)
    """Most of each risk that is allowed, as shares, such as ``{r1_normal: 0.15, r2: 0.1}``.

    Choose them before you look. r1: of all that is kept, what reads normal over an abnormal report. r1_normal: of what
    is kept and reads normal, what is over an abnormal report. r2: of all abnormal reports, those whose impression reads
    normal and is kept."""
    calibrate_delta: Share = 0.05
    """Probability, over calibration sets, with which the bound may fail."""
    calibration_out: Place | None = None
    """File, or ``s3://`` object, that the calibration is written to; None: ``.calibration`` in the folder of model.uri,
    named after dataset, confidence and digest."""

    @field_validator("models", "review_filled", mode="before")
    @classmethod
    def _single_as_tuple(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else () if value is None else value
