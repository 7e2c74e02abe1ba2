-- One row a night, dataset, split, model and reason: how many reports a person should write, and why. Nights that were
-- generated with no rule for it are not here.
--
-- defer_reason: Why a person should write these: no_prediction, below_logprob, below_margin, below_agreement,
--   unsure_normal (score.calibration) or withdrawn (its night's confidences are others); null: those that are kept
-- reports: Reports of which it is so
-- share: reports over all of the night, dataset, split and model, 0 to 1
SELECT
    batch_date, dataset, split, model_name, model_digest, checks_id, defer_reason,
    count(*) AS reports,
    CAST(count(*) AS double) / CAST(
        sum(count(*)) OVER (PARTITION BY batch_date, dataset, split, model_name, model_digest) AS double
    ) AS share
FROM predictions
WHERE defer IS NOT NULL
GROUP BY batch_date, dataset, split, model_name, model_digest, checks_id, defer_reason
