-- `evaluations` of the newest run for each date, dataset, split and task: every figure of models, floors and radiologist.
--
-- main_scorer: By the scorer whose scores `predictions` holds, or a check: look at these first
WITH ranked AS (
    SELECT *, dense_rank() OVER (
        PARTITION BY batch_date, dataset, split, {evaluated_task} ORDER BY run_id DESC
    ) AS place
    FROM evaluations
)
SELECT
    {evaluations},
    scorer_id NOT LIKE '%;raw' AND scorer_id NOT LIKE {other_stemming} AS main_scorer
FROM ranked
WHERE place = 1
