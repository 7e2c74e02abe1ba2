"""Settings of evaluation: which systems are compared, and what is written."""

from typing import Annotated

from pydantic import Field, field_validator

from radray.settings.section import Place, Section


class EvaluateSettings(Section):
    """Models side by side."""

    published: Place | None = None
    """JSON file of published results to print beside ours."""
    models: tuple[Place, ...] = ()
    """Names, or first characters of digests, of the models to compare, what runs now first; (): all, by name."""
    pretrained: Place | None = None
    """Name, or first characters of the digest, of the model before fine-tuning: the gain is over this one."""
    normal_weight: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    """Weight of the normal references in the standardised mean; the abnormal ones have the rest.

    A fixed weight, so that two nights or sets of another case mix can be told apart: at 0.5 neither kind rules."""
    resamples: Annotated[int, Field(ge=200, le=100_000)] = 2_000
    """Resamples of each 95 % interval, and draws of each test."""
    seed: Annotated[int, Field(ge=0)] = 13
    csv: Place | None = None
    """Folder for evaluations.csv and comparisons.csv; None: none are written."""
    page: Place | None = None
    """HTML file that tells the evaluation in words, charts, tables and cases, and stands alone; None: none."""
    page_text: bool = False
    """Whether the page holds the texts of its cases; else their ids, and the `jobs.query` lines that show them."""
    page_note: Annotated[str, Field(max_length=1_000)] | None = None
    """What a reader of the page has to know of the data before all else; None: nothing."""
    review: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """Reports of a blinded sheet that readers fill in, one sheet a model; None: no sheet is drawn."""
    review_out: Place = "out/review"
    """Folder of the sheets and their keys."""
    review_filled: tuple[Place, ...] = ()
    """Filled sheets of one review, one a reader, beside its key: what they say is printed, and nothing else done."""

    @field_validator("models", "review_filled", mode="before")
    @classmethod
    def _one_or_several(cls, value: object) -> object:
        return (value,) if isinstance(value, str) else () if value is None else value
