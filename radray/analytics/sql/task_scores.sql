-- One row a figure of a task other than the impression, of the newest evaluation: how models and floors did, and the
-- best floor. Whether a model is better than a floor is in `evaluation_comparisons`: there its interval is above 0.
--
-- task: Task
-- best_floor: Floor with the highest figure of the same kind; null where there is none
-- best_floor_mean: Its figure
WITH scored AS (
    SELECT evaluation_figures.*, regexp_replace(scorer_id, '-[0-9]+$', '') AS task
    FROM evaluation_figures
    WHERE metric IN ({answer_metrics}) AND scorer_id NOT LIKE 'scores;%' AND scorer_id NOT LIKE 'choices-%'
),
floor AS (
    SELECT
        batch_date, dataset, split, stratum, scorer_id, metric,
        max_by(system, mean) AS best_floor,
        max(mean) AS best_floor_mean
    FROM scored
    WHERE kind = 'floor'
    GROUP BY batch_date, dataset, split, stratum, scorer_id, metric
)
SELECT
    scored.batch_date, scored.dataset, scored.split, scored.task, scored.system, scored.kind, scored.stratum,
    scored.metric, scored.n, scored.mean, scored.ci_low, scored.ci_high, scored.failed, scored.missing,
    floor.best_floor, floor.best_floor_mean, scored.scorer_id, scored.run_id
FROM scored
LEFT JOIN floor
    ON floor.batch_date = scored.batch_date
    AND floor.dataset = scored.dataset
    AND floor.split = scored.split
    AND floor.stratum = scored.stratum
    AND floor.scorer_id = scored.scorer_id
    AND floor.metric = scored.metric
