-- `comparisons` of the newest run for each date, dataset, split and task: paired differences with their intervals. Each pair
-- stands both ways, so that every system is found in system_a against every other.
--
-- main_scorer: By the scorer whose scores `predictions` holds, or a check: look at these first
-- system_b: System that it is compared with, as in `evaluations`
WITH ranked AS (
    SELECT *, dense_rank() OVER (
        PARTITION BY batch_date, dataset, split, {evaluated_task} ORDER BY run_id DESC
    ) AS place
    FROM comparisons
)
SELECT
    {comparisons_both_ways},
    scorer_id NOT LIKE '%;raw' AND scorer_id NOT LIKE {other_stemming} AS main_scorer
FROM ranked
CROSS JOIN (VALUES (FALSE), (TRUE)) AS way(turned)
WHERE place = 1
