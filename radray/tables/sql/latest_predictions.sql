-- One row a dataset and study: the newest prediction of the production model, without text. A study whose newest
-- report was cancelled is not there, nor is what was written before a cancellation. Every question reads all nights:
-- ask `night_predictions` about one.
--
-- newer_report: A newer report of the study is in `reports` that the production model has not been given: this one
--   is out of date; null where `reports` knows nothing of the study
WITH by_night AS (
    SELECT dataset, study_id, batch_date, count(CASE WHEN status = 'ok' THEN 1 END) AS ok
    FROM reports
    WHERE study_id IS NOT NULL AND (status = 'ok' OR reason = 'cancelled')
    GROUP BY dataset, study_id, batch_date
),
study AS (
    SELECT
        dataset, study_id,
        max(batch_date) AS batch_date,
        max(CASE WHEN ok = 0 THEN batch_date END) AS cancelled
    FROM by_night
    GROUP BY dataset, study_id
),
newest AS (
    SELECT dataset, study_id, max(batch_date) AS batch_date
    FROM night_predictions
    GROUP BY dataset, study_id
)
SELECT
    {predicted_columns},
    study.batch_date > predicted.batch_date OR COALESCE(predicted.newer_report, FALSE) AS newer_report
FROM night_predictions AS predicted
JOIN newest
    ON newest.batch_date = predicted.batch_date
    AND newest.dataset = predicted.dataset
    AND newest.study_id = predicted.study_id
LEFT JOIN study ON study.dataset = predicted.dataset AND study.study_id = predicted.study_id
WHERE study.cancelled IS NULL OR predicted.batch_date > study.cancelled
