-- One row a calibration (`jobs.evaluate evaluate.calibrate=...`) and risk: the threshold, what was tested, what it keeps.
-- The bound holds for reports that are exchangeable with the calibrated ones, with probability 1 - delta, and no further.
--
-- confidence: Confidence that the threshold is of: logprob, margin or agreement
-- risk: r1: of all that is kept, what reads normal over an abnormal report; r1_normal: of what is kept and reads normal,
--   what is over an abnormal report; r2: of all abnormal reports, those whose impression reads normal and is kept
-- alpha: Most of the risk that was asked for, 0 to 1
-- delta: Probability with which the bound may fail, 0 to 1
-- threshold: Lowest confidence with which an impression that reads normal is kept; null: none passed, all are deferred
-- tested: Reports that the risk is a share of at the threshold; where none passed, at the first that was tried
-- errors: Errors among them
-- upper: Upper end of errors over tested at level delta, 0 to 1
-- p_value: Of the risk being above alpha, 0 to 1
-- calibrated: Reports of the calibration, one of each patient or text
-- kept: Share of all impressions that are kept, 0 to 1: those that do not read normal are always
-- kept_normal: Share of the impressions that read normal that are kept, 0 to 1
WITH figure AS (
    SELECT
        run_id, batch_date, dataset, split, system, n, mean, ci_high,
        split_part(metric, '.', 2) AS confidence,
        split_part(metric, '.', 3) AS risk,
        split_part(metric, '.', 4) AS what
    FROM evaluations
    WHERE metric LIKE 'calibration.%'
)
SELECT
    run_id, batch_date, dataset, split, system, confidence, risk,
    max(CASE WHEN what = 'alpha' THEN mean END) AS alpha,
    max(CASE WHEN what = 'delta' THEN mean END) AS delta,
    max(CASE WHEN what = 'threshold' THEN mean END) AS threshold,
    max(CASE WHEN what = 'errors' THEN n END) AS tested,
    CAST(round(max(CASE WHEN what = 'errors' THEN mean * n END)) AS bigint) AS errors,
    max(CASE WHEN what = 'errors' THEN ci_high END) AS upper,
    max(CASE WHEN what = 'p_value' THEN mean END) AS p_value,
    max(CASE WHEN what = 'kept' THEN n END) AS calibrated,
    max(CASE WHEN what = 'kept' THEN mean END) AS kept,
    max(CASE WHEN what = 'kept_normal' THEN mean END) AS kept_normal
FROM figure
GROUP BY run_id, batch_date, dataset, split, system, confidence, risk
