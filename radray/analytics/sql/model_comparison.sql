-- One row a night, dataset, split, stratum and metric: the candidate less the production model on the reports that
-- both have a score for. The standard error takes reports for independent, which a patient's are not: the interval
-- to decide by is that of `evaluation_comparisons`.
--
-- production_model: Name of the production model
-- production_digest: Its digest
-- candidate_model: Name of the candidate
-- candidate_digest: Its digest
-- stratum: all, or normal or abnormal by the reference
-- metric: rouge1, rouge2, rougel or rougelsum, F-measure
-- n: Reports that both have a score for
-- production_mean: Mean of the production model on them, 0 to 1
-- candidate_mean: Mean of the candidate on them, 0 to 1
-- difference: candidate_mean less production_mean
-- standard_error: Of the difference, reports taken for independent; null for one report
-- candidate_better: Reports on which the candidate scores higher
-- equal: Reports on which both score the same
-- candidate_worse: Reports on which the candidate scores lower
WITH pairs AS (
    SELECT
        p.batch_date, p.dataset, p.split, p.scorer_id, p.reference_stratum, p.model_digest AS production_digest,
        c.model_digest AS candidate_digest, m.metric,
        CASE m.metric
            WHEN 'rouge1' THEN p.rouge1_f WHEN 'rouge2' THEN p.rouge2_f WHEN 'rougel' THEN p.rougel_f
            ELSE p.rougelsum_f
        END AS a,
        CASE m.metric
            WHEN 'rouge1' THEN c.rouge1_f WHEN 'rouge2' THEN c.rouge2_f WHEN 'rougel' THEN c.rougel_f
            ELSE c.rougelsum_f
        END AS b
    FROM predictions AS p
    JOIN predictions AS c
        ON c.batch_date = p.batch_date
        AND c.dataset = p.dataset
        AND c.split = p.split
        AND c.unit_id = p.unit_id
        AND c.scorer_id = p.scorer_id
    CROSS JOIN (VALUES ('rouge1'), ('rouge2'), ('rougel'), ('rougelsum')) AS m(metric)
    WHERE p.model_name = {production_model} AND c.model_name = {candidate_model}
),
in_strata AS (
    SELECT
        batch_date, dataset, split, scorer_id, production_digest, candidate_digest, metric, a, b,
        CASE WHEN s.of = 'all' THEN 'all' ELSE reference_stratum END AS stratum
    FROM pairs
    CROSS JOIN (VALUES ('all'), ('own')) AS s(of)
    WHERE a IS NOT NULL AND b IS NOT NULL AND (s.of = 'all' OR reference_stratum IS NOT NULL)
),
summed AS (
    SELECT
        batch_date, dataset, split, scorer_id, production_digest, candidate_digest, stratum, metric,
        count(*) AS n, avg(a) AS production_mean, avg(b) AS candidate_mean, stddev_samp(b - a) AS sd,
        sum(CASE WHEN b > a THEN 1 ELSE 0 END) AS better,
        sum(CASE WHEN b = a THEN 1 ELSE 0 END) AS same,
        sum(CASE WHEN b < a THEN 1 ELSE 0 END) AS worse
    FROM in_strata
    GROUP BY batch_date, dataset, split, scorer_id, production_digest, candidate_digest, stratum, metric
)
SELECT
    batch_date, dataset, split, {production_model} AS production_model, production_digest,
    {candidate_model} AS candidate_model, candidate_digest, scorer_id, stratum, metric,
    CAST(n AS bigint) AS n,
    production_mean, candidate_mean,
    candidate_mean - production_mean AS difference,
    sd / sqrt(CAST(n AS double)) AS standard_error,
    CAST(better AS bigint) AS candidate_better,
    CAST(same AS bigint) AS equal,
    CAST(worse AS bigint) AS candidate_worse
FROM summed
