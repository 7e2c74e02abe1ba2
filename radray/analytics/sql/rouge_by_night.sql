-- One row a night, dataset, split, model, stratum and metric: the distribution of ROUGE F-measures over reports with
-- a reference. Quartiles are exact, by linear interpolation, as in `evaluations`. A failed prediction counts as 0.
--
-- stratum: all, or normal or abnormal by the reference
-- metric: rouge1, rouge2, rougel or rougelsum, F-measure
-- n: Reports with a value
-- mean: Mean over reports, 0 to 1
-- sd: Sample standard deviation; null for one report
-- least: Least value
-- p25: First quartile
-- p50: Median
-- p75: Third quartile
-- greatest: Greatest value
WITH told AS (
    SELECT
        p.batch_date, p.dataset, p.split, p.model_name, p.model_digest, p.scorer_id, p.reference_stratum, m.metric,
        CASE m.metric
            WHEN 'rouge1' THEN p.rouge1_f WHEN 'rouge2' THEN p.rouge2_f WHEN 'rougel' THEN p.rougel_f
            ELSE p.rougelsum_f
        END AS value
    FROM predictions AS p
    CROSS JOIN (VALUES ('rouge1'), ('rouge2'), ('rougel'), ('rougelsum')) AS m(metric)
),
counted AS (
    SELECT
        batch_date, dataset, split, model_name, model_digest, scorer_id, reference_stratum, metric, value,
        count(*) AS reports
    FROM told
    WHERE value IS NOT NULL
    GROUP BY batch_date, dataset, split, model_name, model_digest, scorer_id, reference_stratum, metric, value
),
in_strata AS (
    SELECT
        batch_date, dataset, split, model_name, model_digest, scorer_id, metric, value,
        CASE WHEN s.of = 'all' THEN 'all' ELSE reference_stratum END AS stratum,
        sum(reports) AS reports
    FROM counted
    CROSS JOIN (VALUES ('all'), ('own')) AS s(of)
    WHERE s.of = 'all' OR reference_stratum IS NOT NULL
    GROUP BY
        batch_date, dataset, split, model_name, model_digest, scorer_id, metric, value,
        CASE WHEN s.of = 'all' THEN 'all' ELSE reference_stratum END
),
placed AS (
    SELECT
        batch_date, dataset, split, model_name, model_digest, scorer_id, metric, stratum, value,
        CAST(reports AS double) AS reports,
        CAST(sum(reports) OVER (
            PARTITION BY batch_date, dataset, split, model_name, model_digest, scorer_id, metric, stratum
            ORDER BY value
        ) AS double) AS upto,
        CAST(sum(reports) OVER (
            PARTITION BY batch_date, dataset, split, model_name, model_digest, scorer_id, metric, stratum
        ) AS double) AS n
    FROM in_strata
),
summed AS (
    SELECT
        batch_date, dataset, split, model_name, model_digest, scorer_id, stratum, metric,
        max(n) AS n,
        sum(value * reports) / max(n) AS mean,
        sum(value * value * reports) AS squares,
        min(value) AS least,
        max(value) AS greatest,
        min(CASE WHEN upto > floor(0.25e0 * (n - 1)) THEN value END) AS low25,
        min(CASE WHEN upto > ceil(0.25e0 * (n - 1)) THEN value END) AS high25,
        min(CASE WHEN upto > floor(0.5e0 * (n - 1)) THEN value END) AS low50,
        min(CASE WHEN upto > ceil(0.5e0 * (n - 1)) THEN value END) AS high50,
        min(CASE WHEN upto > floor(0.75e0 * (n - 1)) THEN value END) AS low75,
        min(CASE WHEN upto > ceil(0.75e0 * (n - 1)) THEN value END) AS high75
    FROM placed
    GROUP BY batch_date, dataset, split, model_name, model_digest, scorer_id, stratum, metric
)
SELECT
    batch_date, dataset, split, model_name, model_digest, scorer_id, stratum, metric,
    CAST(n AS bigint) AS n,
    mean,
    CASE WHEN n > 1 THEN sqrt(greatest(squares - n * mean * mean, 0e0) / (n - 1)) END AS sd,
    least,
    low25 + (0.25e0 * (n - 1) - floor(0.25e0 * (n - 1))) * (high25 - low25) AS p25,
    low50 + (0.5e0 * (n - 1) - floor(0.5e0 * (n - 1))) * (high50 - low50) AS p50,
    low75 + (0.75e0 * (n - 1) - floor(0.75e0 * (n - 1))) * (high75 - low75) AS p75,
    greatest
FROM summed
