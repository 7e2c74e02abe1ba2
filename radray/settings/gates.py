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
    """Fewest reports of a night that is judged.

    The standard error of a rate of 5 % is 1.5 points at 200 reports. A part of a night (a stratum of references,
    distinct findings) is judged from a quarter of this on."""
    max_tier_a_rate: Rate | None = 0.5
    """Largest share of the ok predictions with a Tier A flag of any class; None: gate off."""
    max_flag_rates: dict[TierA, Rate] = Field(default_factory=dict)
    """Largest share, by class of flag, of the ok predictions on which that class can be judged, such as ``{side:
    0.02}``; {}: gate off."""
    min_rouge_l: Rate | None = None
    """Least mean ROUGE-L F, 0 to 1, standardised over normal and abnormal references so that case mix does not move it;
    None: gate off."""
    max_rouge_l_drop: Rate | None = 0.1
    """Largest drop of the standardised mean below that of the last earlier night of a model of the same name; None:
    gate off."""
    max_rejected_rate: Rate | None = None
    """Largest share of the night's reports that `reports` holds as rejected; None: gate off.

    `prepare` has refused such a night at source.max_rejected_fraction before."""
    max_failed_rate: Rate | None = 0.05
    """Largest share of the reports whose prediction is empty or failed; None: gate off."""
    min_distinct_rate: Rate | None = 0.05
    """Least ratio of distinct predictions to distinct findings texts, among reports of abnormal findings; None: gate
    off.

    A model that has collapsed writes one sentence for all."""

    @property
    def min_part(self) -> int:
        """Least reports of a part of a night that are judged."""
        return max(self.min_reports // 4, 1)

    def of_corpus(self) -> "GatesSettings":
        """Return the gates that a corpus is judged by: those that were given a value; the defaults are off."""
        off = {name: None for name in type(self).model_fields if name not in ("min_reports", "max_flag_rates")}
        return self.model_copy(update={name: off[name] for name in off.keys() - self.model_fields_set})
