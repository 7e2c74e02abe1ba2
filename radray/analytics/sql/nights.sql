-- One row a dataset and day, from its first night to the newest night of all: is the night there, and is it whole?
-- Corpora without nights are not here. A day without a row at the end: no job knows of it yet.
--
-- state: complete: the production model wrote an impression of each ok report; partial: of some it did not; unwritten:
--   of none; empty: the jobs found no report; running, failed: so the newest job was left, and nothing is there yet;
--   missing: no job knows of the day
-- units: Input units that came
-- reports_ok: Of these, ok reports
-- written: Reports of which the production model wrote an impression
-- failed: Reports of which it tried and could not
-- deferred: Impressions that a person should write instead; 0 where deferring is off
-- deferred_share: deferred over written, 0 to 1; null where nothing was written
-- last_run_status: Of the newest run of prepare, or of generate with the production model, over the night
-- last_run_reason: Class of the error when that failed
WITH came AS (
    SELECT batch_date, dataset, count(*) AS units, count(CASE WHEN status = 'ok' THEN 1 END) AS reports_ok
    FROM reports
    WHERE batch_date > DATE '1970-01-01'
    GROUP BY batch_date, dataset
),
wrote AS (
    SELECT
        batch_date, dataset,
        count(DISTINCT unit_id) AS tried,
        count(DISTINCT CASE WHEN status = 'ok' THEN unit_id END) AS written,
        count(DISTINCT CASE WHEN status = 'ok' AND defer THEN unit_id END) AS deferred
    FROM predictions
    WHERE batch_date > DATE '1970-01-01' AND model_name = {production_model}
    GROUP BY batch_date, dataset
),
ran AS (
    SELECT batch_date, dataset, max_by(status, started) AS status, max_by(reason, started) AS reason
    FROM runs
    WHERE
        batch_date > DATE '1970-01-01'
        AND dataset IS NOT NULL
        AND task IS NULL
        AND (job = 'prepare' OR (job = 'generate' AND model_name = {production_model}))
    GROUP BY batch_date, dataset
),
known AS (
    SELECT batch_date, dataset FROM reports WHERE batch_date > DATE '1970-01-01'
    UNION
    SELECT batch_date, dataset FROM predictions WHERE batch_date > DATE '1970-01-01' AND model_name = {production_model}
    UNION
    SELECT batch_date, dataset FROM runs
    WHERE
        batch_date > DATE '1970-01-01'
        AND dataset IS NOT NULL
        AND task IS NULL
        AND (job = 'prepare' OR (job = 'generate' AND model_name = {production_model}))
),
spans AS (
    SELECT dataset, min(batch_date) AS first_night, max(max(batch_date)) OVER () AS last_night
    FROM known
    GROUP BY dataset
),
days AS (
    SELECT CAST(day.batch_date AS date) AS batch_date, spans.dataset
    FROM spans
    CROSS JOIN UNNEST(sequence(spans.first_night, spans.last_night, INTERVAL '1' DAY)) AS day(batch_date)
)
SELECT
    days.batch_date, days.dataset,
    CASE
        WHEN came.units IS NULL AND wrote.tried IS NULL AND ran.status IS NULL THEN 'missing'
        WHEN came.units IS NULL AND wrote.tried IS NULL AND ran.status = 'finished' THEN 'empty'
        WHEN came.units IS NULL AND wrote.tried IS NULL THEN ran.status
        WHEN COALESCE(wrote.written, 0) >= COALESCE(came.reports_ok, 0) THEN 'complete'
        WHEN wrote.tried IS NOT NULL THEN 'partial'
        WHEN ran.status = 'running' THEN 'running'
        ELSE 'unwritten'
    END AS state,
    COALESCE(came.units, 0) AS units,
    COALESCE(came.reports_ok, 0) AS reports_ok,
    COALESCE(wrote.written, 0) AS written,
    COALESCE(wrote.tried - wrote.written, 0) AS failed,
    COALESCE(wrote.deferred, 0) AS deferred,
    CAST(wrote.deferred AS double) / NULLIF(CAST(wrote.written AS double), 0e0) AS deferred_share,
    ran.status AS last_run_status,
    CASE WHEN ran.status = 'failed' THEN ran.reason END AS last_run_reason
FROM days
LEFT JOIN came ON came.batch_date = days.batch_date AND came.dataset = days.dataset
LEFT JOIN wrote ON wrote.batch_date = days.batch_date AND wrote.dataset = days.dataset
LEFT JOIN ran ON ran.batch_date = days.batch_date AND ran.dataset = days.dataset
