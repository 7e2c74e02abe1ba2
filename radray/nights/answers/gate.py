"""The gate of a night of answers: how many of them failed, and how many are no answer to what was asked."""

from collections.abc import Callable

from radray.evaluation.gates import GateResult, describe_unjudged, refuse_failed
from radray.nights.answers.partition import AnswersPartition
from radray.schema.statuses import AnswerStatus, FailReason
from radray.settings.section import CORPUS_DATE
from radray.tables.merge import Merged


class AnswersGate:
    """Judge the rows that a run merged, for `StagedRun.commit(expected, gate)`."""

    def __init__(self, night: AnswersPartition, report: Callable[[str], None]) -> None:
        """`report` is called with one line on the gates that could not judge."""
        gates = night.settings.gates
        self._settings = gates.of_corpus() if night.settings.date == CORPUS_DATE else gates
        self._where = f"answers, {night.where}"
        self._report = report

    def __call__(self, merged: Merged) -> None:
        """Raise GateError when too many of the asked examples of `merged` have no answer; none asked pass."""
        results = self.judge(merged)
        if unjudged := describe_unjudged(results):
            few = f"fewer than gates.min_reports={self._settings.min_reports} examples"
            self._report(f"gates that do not judge these answers, for {few}: {unjudged}")
        refuse_failed(results, self._where)

    def judge(self, merged: Merged) -> list[GateResult]:
        """Return the result of each gate that is on; [] where nothing is asked."""
        settings, counts = self._settings, merged.counts
        asked = counts.rows - counts.where(status=AnswerStatus.NOT_ASKED.value)
        if not asked:
            return []
        unparsed = counts.where(reason=FailReason.UNPARSED.value)
        # each failure counts once, or the lower limit would decide over both
        failed = counts.where(status=AnswerStatus.FAILED.value) - unparsed
        judged = asked >= settings.min_reports
        return [
            GateResult(f"gates.{name}", quantity, hits / asked if judged else None, limit, asked)
            for name, quantity, hits, limit in (
                ("max_failed_rate", "share of empty or failed answers", failed, settings.max_failed_rate),
                (
                    "max_unparsed_fraction",
                    "share of answers that cannot be parsed",
                    unparsed,
                    settings.max_unparsed_fraction,
                ),
            )
            if limit is not None
        ]
