-- `evaluations` of the newest run for each date, dataset and split: every figure of models, floors and radiologist.
WITH ranked AS (
    SELECT *, dense_rank() OVER (PARTITION BY batch_date, dataset, split ORDER BY run_id DESC) AS place
    FROM evaluations
)
SELECT {evaluations}
FROM ranked
WHERE place = 1
