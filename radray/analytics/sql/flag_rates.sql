-- One row a night, dataset, split, model, stratum and class of flag: how often the model's impressions have it, beside
-- how often the radiologist's own of the same reports do. A rate near the radiologist's is no sign of a bad model.
-- critical_missed is of all reports here, also of those with nothing critical to miss: `evaluation_figures` has it for
-- the stratum critical. mask of the radiologist is what de-identification took out.
--
-- stratum: all, or normal or abnormal by the reference
-- class: Class of the flag
-- tier: A: errors that harm; B: differences that are often a radiologist's own interpretation
-- meaning: What an impression with the flag does
-- told: Ok predictions for which it can be told
-- flagged: Of these, predictions with the flag
-- rate: flagged over told, 0 to 1; null where told is 0
-- reference_told: References for which it can be told
-- reference_flagged: Of these, references with the flag
-- reference_rate: reference_flagged over reference_told, 0 to 1; null where that is 0
WITH by_stratum AS (
    SELECT
        batch_date, dataset, split, model_name, model_digest, checks_id, reference_stratum,
        {flag_counts}
    FROM predictions
    WHERE status = 'ok'
    GROUP BY batch_date, dataset, split, model_name, model_digest, checks_id, reference_stratum
),
by_class AS (
    SELECT
        b.batch_date, b.dataset, b.split, b.model_name, b.model_digest, b.checks_id, c.class, c.tier, c.meaning,
        CASE WHEN s.of = 'all' THEN 'all' ELSE b.reference_stratum END AS stratum,
        {told_of_class} AS told,
        {flagged_of_class} AS flagged,
        {reference_told_of_class} AS reference_told,
        {reference_flagged_of_class} AS reference_flagged
    FROM by_stratum AS b
    CROSS JOIN (VALUES {classes}) AS c(class, tier, meaning)
    CROSS JOIN (VALUES ('all'), ('own')) AS s(of)
    WHERE s.of = 'all' OR b.reference_stratum IS NOT NULL
),
summed AS (
    SELECT
        batch_date, dataset, split, model_name, model_digest, checks_id, stratum, class, tier, meaning,
        CAST(sum(told) AS bigint) AS told,
        CAST(sum(flagged) AS bigint) AS flagged,
        CAST(sum(reference_told) AS bigint) AS reference_told,
        CAST(sum(reference_flagged) AS bigint) AS reference_flagged
    FROM by_class
    GROUP BY batch_date, dataset, split, model_name, model_digest, checks_id, stratum, class, tier, meaning
)
SELECT
    batch_date, dataset, split, model_name, model_digest, checks_id, stratum, class, tier, meaning,
    told, flagged,
    CAST(flagged AS double) / NULLIF(CAST(told AS double), 0e0) AS rate,
    reference_told, reference_flagged,
    CAST(reference_flagged AS double) / NULLIF(CAST(reference_told AS double), 0e0) AS reference_rate
FROM summed
