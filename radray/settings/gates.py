"""Settings of the gates that stop `generate` from committing a night."""

from typing import Annotated

from pydantic import Field

from radray.settings.section import Section

Rate = Annotated[float, Field(ge=0.0, le=1.0)]


class FlagRates(Section):
    """Largest shares of a night's predictions with a flag, by class of Tier A.

    They are shares of the ok predictions to which the check of the class applies. The defaults come from what people
    do: the meanings count the flags on 1,384 impressions that radiologists wrote for public chest reports, and on as
    many that were copied from the nearest other report. A default is the most that 200 reports vary within (95 %) if
    the true rate is the upper end of the radiologists' 95 % interval (`tests/benchmarks/gate_limits.py`).
    """

    side: Rate | None = 0.015
    """Largest share with another side of a finding than the findings have; None: gate off. Radiologists 1, copies 6."""
    polarity: Rate | None = 0.015
    """Largest share that deny what the findings assert, or assert what they deny; None: gate off.

    Radiologists 2, copies 29."""
    measurement: Rate | None = 0.01
    """Largest share with a measurement, grade or interval that the input does not have; None: gate off.

    Radiologists 0, copies 4."""
    critical_missed: Rate | None = 0.015
    """Largest share that leave out a critical finding; None: gate off. Radiologists 2, copies 9."""
    critical_invented: Rate | None = 0.01
    """Largest share with a critical finding that the findings do not have; None: gate off. Radiologists 0, copies 0."""
    level: Rate | None = 0.01
    """Largest share that put a finding at another lobe, vertebral level or rib; None: gate off.

    Radiologists 0, copies 9."""
    change: Rate | None = 0.01
    """Largest share that reverse the change of a finding; None: gate off. Radiologists 0, copies 0."""
    communication: Rate | None = 0.035
    """Largest share that say somebody was informed, where the input does not; None: gate off.

    Radiologists 13, copies 2."""
    mask: Rate | None = 0.01
    """Largest share with a mask of de-identification; None: gate off.

    Radiologists 150, copies 65: the public reports are de-identified. A hospital's own have no masks, so the limit is
    that of a class without hits; raise it, and `gates.max_tier_a_rate`, where reports come de-identified."""
    prior: Rate | None = 0.025
    """Largest share that compare with a prior exam that the input does not know of; None: gate off.

    Radiologists 5, copies 13."""
    recommendation: Rate | None = 0.01
    """Largest share that recommend to act where the input does not; None: gate off. Radiologists 0, copies 5."""
    degenerate: Rate | None = 0.015
    """Largest share that repeat themselves or break off; None: gate off. Radiologists 1, copies 0."""
    identifier: Rate | None = 0.01
    """Largest share with an identifier; None: gate off. Radiologists 0, copies 0.

    Predictions count that were withheld since their input does not have it (reason `identifier`), and those that repeat
    the id of patient or study from it."""


class ExcessRates(Section):
    """Largest excess over the radiologists, by class of Tier B: the predictions' share less that of the references.

    Both are shares of the same reports: those with a reference, and to which the check applies. Rules err, and a
    radiologist may leave out on purpose: on the same reports that happens to both. A night without references is not
    judged. A default is the most that the difference over 200 reports varies within (95 %) if both rates are the upper
    end of the radiologists' 95 % interval on 1,384 public chest reports.
    """

    normal_over_abnormal: Rate | None = 0.03
    """Largest excess of the share that read normal over abnormal findings; None: gate off.

    Radiologists 1.45 %, copies 11.20 %: an excess of 9.75 points."""
    omission: Rate | None = 0.025
    """Largest excess of the share that leave out an urgent finding; None: gate off.

    Radiologists 0.72 %, copies 4.05 %: an excess of 3.32 points."""


class GatesSettings(Section):
    """What stops a night of predictions from being committed (exit code 3, yesterday's rows stay); None: gate off.

    Answers are judged by max_failed_rate and max_unparsed_fraction, each task by itself. Gates decide no row: after a
    change of one what was staged is used, nothing is generated again. A corpus (date=1970-01-01) is judged by the gates
    that somebody set, not by the defaults: there models are compared, bad ones too.
    """

    min_reports: Annotated[int, Field(ge=1)] = 200
    """Fewest reports of a night that is judged.

    The standard error of a rate of 5 % is 1.5 points at 200 reports. A part of a night (a stratum of references, the
    reports to which a check applies) is judged from a quarter of this on. Of a smaller part than this as many flags are
    allowed as of this many: otherwise a single flag among 50 would stop a night."""
    max_tier_a_rate: Rate | None = 0.05
    """Largest share of the ok predictions with a Tier A flag of any class; None: gate off.

    Radiologists 1.7 %, copies of the nearest report 4.8 %, masks of de-identification apart; the default follows from
    that as those of `gates.max_flag_rates` do."""
    max_flag_rates: FlagRates = FlagRates()
    max_excess_rates: ExcessRates = ExcessRates()
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
    """Largest share of the reports whose prediction, or of the examples whose answer, is empty or failed; None: gate
    off.

    An answer that cannot be parsed is not among them: `gates.max_unparsed_fraction` counts it."""
    max_unparsed_fraction: Rate | None = 0.05
    """Largest share of the answers to a task that cannot be parsed; None: gate off.

    Of `answers` alone, each task by itself; their other failures are judged by `gates.max_failed_rate`."""
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
        rates = {
            name: section.model_copy(update=dict.fromkeys(type(section).model_fields.keys() - section.model_fields_set))
            for name, section in (("max_flag_rates", self.max_flag_rates), ("max_excess_rates", self.max_excess_rates))
        }
        unset = type(self).model_fields.keys() - self.model_fields_set - rates.keys() - {"min_reports"}
        return self.model_copy(update={**dict.fromkeys(unset), **rates})
