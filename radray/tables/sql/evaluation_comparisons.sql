-- `comparisons` of the newest run for each date, dataset and split: paired differences with their intervals.
WITH ranked AS (
    SELECT *, dense_rank() OVER (PARTITION BY batch_date, dataset, split ORDER BY run_id DESC) AS place
    FROM comparisons
)
SELECT {comparisons}
FROM ranked
WHERE place = 1
