"""Settings of the gates that stop `generate` from committing a night."""

from typing import Annotated

from pydantic import Field

from radray.flags import TierA
from radray.settings.section import Section

Rate = Annotated[float, Field(ge=0.0, le=1.0)]


class GatesSettings(Section):
    """What stops a night of predictions from being committed (exit code 3, yesterday's rows stay); None: gate off.

    They decide no row: after a change of a gate what was staged is used, nothing is generated again. A corpus
    (date=1970-01-01) is judged by the gates that somebody set, not by the defaults: there models are compared, bad
    ones too.
    """

    min_reports: Annotated[int, Field(ge=1)] = 200
    """A night of fewer reports is not judged (the standard error of a rate of 5 % is 1.5 points at 200), and nothing
    by a part of it that is less than a quarter of this: a stratum of references, distinct findings."""
    max_tier_a_rate: Rate | None = 0.5
    """Most of the ok predictions that have a Tier A flag of any class."""
    max_flag_rates: dict[TierA, Rate] = Field(default_factory=dict)
    """Most of the ok predictions, of those where it can be told, with the flag of a class: {side: 0.02, ...}."""
    min_rouge_l: Rate | None = None
    """Least mean ROUGE-L F, standardised over normal and abnormal references, so that case mix does not move it."""
    max_rouge_l_drop: Rate | None = 0.1
    """Most that the standardised mean may lie below that of the last earlier night of a model of the same name."""
    max_rejected_rate: Rate | None = None
    """Most of the night's input units that `reports` holds as rejected; `prepare` has stopped it at
    source.max_rejected_fraction before."""
    max_failed_rate: Rate | None = 0.05
    """Most of the reports whose prediction is empty or failed."""
    min_distinct_rate: Rate | None = 0.05
    """Least distinct predictions, among reports of abnormal findings, for each distinct findings text: a model that
    has collapsed says one sentence to all."""

    @property
    def min_part(self) -> int:
        """Least reports of a part of a night that are judged."""
        return max(self.min_reports // 4, 1)

    def of_corpus(self) -> "GatesSettings":
        """Return the gates that a corpus is judged by: those that were given a value; the defaults are off."""
        off = {name: None for name in type(self).model_fields if name not in ("min_reports", "max_flag_rates")}
        return self.model_copy(update={name: off[name] for name in off.keys() - self.model_fields_set})
