-- One row a dataset and study: the newest prediction of the production model, without text. A study whose newest
-- report was cancelled is not there, nor is what was written before a cancellation. Every question reads all nights:
-- ask `night_predictions` about one.
--
-- newer_report: A newer report of the study is in `reports` that the production model has not been given: this one
--   is out of date; null where `reports` knows nothing of the study
WITH by_night AS (
    SELECT dataset, study_id, batch_date, max(CASE WHEN status = 'ok' THEN unit_id END) AS unit_id
    FROM reports
    WHERE study_id IS NOT NULL AND (status = 'ok' OR reason = 'cancelled')
    GROUP BY dataset, study_id, batch_date
),
study AS (
    SELECT
        dataset, study_id,
        max(batch_date) AS batch_date,
        max_by(unit_id, batch_date) AS unit_id,
        max(CASE WHEN unit_id IS NULL THEN batch_date END) AS cancelled
    FROM by_night
    GROUP BY dataset, study_id
),
ranked AS (
    SELECT
        predicted.*,
        study.batch_date > predicted.batch_date
            OR (study.batch_date = predicted.batch_date AND study.unit_id <> predicted.unit_id) AS newer_report,
        row_number() OVER (
            PARTITION BY predicted.dataset, predicted.study_id
            ORDER BY
                predicted.batch_date DESC,
                CASE WHEN study.unit_id = predicted.unit_id THEN 0 ELSE 1 END,
                predicted.run_id DESC,
                predicted.unit_id
        ) AS place
    FROM predictions_without_text AS predicted
    LEFT JOIN study ON study.dataset = predicted.dataset AND study.study_id = predicted.study_id
    WHERE
        predicted.model_name = {production_model}
        AND (study.cancelled IS NULL OR predicted.batch_date > study.cancelled)
)
SELECT {predictions_without_text}, newer_report
FROM ranked
WHERE place = 1
