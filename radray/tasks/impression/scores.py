"""Scores and checks of one impression: ROUGE and concept F1 against the reference, flags, strata; of both texts."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from radray.checks.check import CheckResult, check
from radray.checks.recommendations.recommendation import write_recommendations
from radray.evaluation.concept_f1 import CONCEPT_F1, concept_f1
from radray.evaluation.rouge import Scorer
from radray.flags import CLASSES, TIER_A
from radray.language.findings_stratum import findings_stratum
from radray.language.lexicon.vocabulary import forgets
from radray.language.normality import is_normal
from radray.language.sentences import split_sentences
from radray.schema.checks import RAW_ROUGE_COLUMNS
from radray.schema.predictions import ROUGE_COLUMNS
from radray.tasks.impression.mentions import write_mentions

REPEATS_KEPT = 10_000
"""Results of the checks of references, and of findings, that a process keeps: of the Open-i pairs 32 % say word for
word what another says, and a report under four models has one reference. About 1 kB each."""

WORST = (*(name for name in TIER_A if name != "mask"), "normal_over_abnormal", "omission")
"""Classes of which one is worse than any number of the others; masks are the model's to suppress."""


def score(scorer: Scorer, report: Mapping[str, Any]) -> dict[str, Any]:
    """Return ROUGE, concept F1, flags and strata of `report`, which has its prediction, by column of `predictions`.

    A prediction of None scores 0; without a reference the scores are null.
    """
    return _scores(scorer, report) | _checks(report)


def faults(report: Mapping[str, Any], text: str) -> int:
    """Return how badly the checks fault `text` as the impression of `report`, without its reference.

    2: a class of Tier A but mask, `normal_over_abnormal` or `omission`; 1: `unsupported` alone; 0: none of these.
    """
    exam = {name: report[name] for name in ("modality", "body_part")}
    flags = check(text, report["findings"], report["background"], **exam).flags
    return 2 if any(flags[name] for name in WORST) else int(flags["unsupported"] is True)


def _scores(scorer: Scorer, source: Mapping[str, Any]) -> dict[str, Any]:
    """Return ROUGE and concept F1 against the cleaned reference, and ROUGE's F against the raw reference."""
    reference, raw = source["reference"], source["reference_raw"]
    if not reference:
        return dict.fromkeys((*ROUGE_COLUMNS, *RAW_ROUGE_COLUMNS, CONCEPT_F1, "scorer_id"))
    prediction = source["prediction"] or ""
    cleaned = scorer.score(reference, prediction)
    against_raw = dict.fromkeys(RAW_ROUGE_COLUMNS) if raw is None or not raw.strip() else cleaned
    if against_raw is cleaned:
        scored = cleaned if raw == reference else scorer.score(raw, prediction)
        against_raw = {name: scored[name.replace("_raw_f", "_f")] for name in RAW_ROUGE_COLUMNS}
    return {
        **cleaned,
        **against_raw,
        CONCEPT_F1: concept_f1(reference, prediction),
        "scorer_id": scorer.scorer_id,
    }


def _checks(source: Mapping[str, Any]) -> dict[str, Any]:
    """Return strata, flags, evidence and items of the prediction and, as the human base rate, of the reference."""
    prediction, reference, findings = source["prediction"], source["reference"], source["findings"]
    modality, body_part = source["modality"], source["body_part"]
    ids = tuple(identifier for identifier in (source["study_id"], source["subject_id"]) if identifier)
    checked = check(
        prediction,
        findings,
        source["background"],
        modality=modality,
        body_part=body_part,
        identifiers=ids,
        output_cut=bool(source["output_cut"]),
    )
    row = _columns("", prediction, checked)
    if reference:
        theirs = _check_reference(reference, findings, source["background"], modality, body_part)
        row |= _columns("reference_", reference, theirs)
        normal = is_normal(reference)
        row["reference_stratum"] = None if normal is None else "normal" if normal else "abnormal"
    else:
        row |= dict.fromkeys([*(f"reference_{name}" for name in _columns("", None, checked)), "reference_stratum"])
    row["impression_items"] = row.pop("items")
    row["findings_stratum"] = _findings_stratum(findings)
    row["mentions"] = write_mentions(findings, reference, prediction)
    return row


def _columns(prefix: str, impression: str | None, checked: CheckResult) -> dict[str, Any]:
    flags = {f"{prefix}flag_{name}": checked.flags[name] for name in CLASSES}
    rest = {
        "evidence": checked.evidence,
        "followup": checked.followup,
        "recommendations": write_recommendations(checked.recommendations),
        "urgent_first": checked.most_urgent_first,
        "items": len(split_sentences(impression)) if impression else None,
    }
    return {**flags, **{f"{prefix}{name}": value for name, value in rest.items()}}


@forgets
@lru_cache(maxsize=REPEATS_KEPT)
def _check_reference(
    reference: str, findings: str, background: str | None, modality: str | None, body_part: str | None
) -> CheckResult:
    return check(reference, findings, background, modality=modality, body_part=body_part)


_findings_stratum = forgets(lru_cache(maxsize=REPEATS_KEPT)(findings_stratum))
