-- One row a night, dataset, split, model and metric: the mean ROUGE F-measure as if normal references always had the
-- same weight, so that two nights of another case mix can be told apart.
--
-- metric: rouge1, rouge2, rougel or rougelsum, F-measure
-- normal_n: Reports with a normal reference
-- normal_mean: Their mean, 0 to 1
-- abnormal_n: Reports with an abnormal reference
-- abnormal_mean: Their mean, 0 to 1
-- normal_weight: Weight of the normal ones (evaluate.normal_weight)
-- mean: The standardised mean, 0 to 1; null where either kind is missing
WITH by_kind AS (
    SELECT
        batch_date, dataset, split, model_name, model_digest, scorer_id, metric,
        COALESCE(max(CASE WHEN stratum = 'normal' THEN n END), 0) AS normal_n,
        max(CASE WHEN stratum = 'normal' THEN mean END) AS normal_mean,
        COALESCE(max(CASE WHEN stratum = 'abnormal' THEN n END), 0) AS abnormal_n,
        max(CASE WHEN stratum = 'abnormal' THEN mean END) AS abnormal_mean
    FROM rouge_by_night
    GROUP BY batch_date, dataset, split, model_name, model_digest, scorer_id, metric
)
SELECT
    batch_date, dataset, split, model_name, model_digest, scorer_id, metric,
    normal_n, normal_mean, abnormal_n, abnormal_mean,
    {normal_weight} AS normal_weight,
    {normal_weight} * normal_mean + (1e0 - {normal_weight}) * abnormal_mean AS mean
FROM by_kind
