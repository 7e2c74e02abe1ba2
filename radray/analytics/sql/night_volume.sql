-- One row a night, dataset, status and reason: how many units came in and what became of them.
--
-- units: Input units of the night with this status and reason
-- night_units: Input units of the night, all of them
-- share: units over night_units, 0 to 1
WITH counted AS (
    SELECT batch_date, dataset, status, reason, count(*) AS units
    FROM reports
    GROUP BY batch_date, dataset, status, reason
)
SELECT
    batch_date, dataset, status, reason,
    CAST(units AS bigint) AS units,
    CAST(sum(units) OVER (PARTITION BY batch_date, dataset) AS bigint) AS night_units,
    CAST(units AS double) / CAST(sum(units) OVER (PARTITION BY batch_date, dataset) AS double) AS share
FROM counted
