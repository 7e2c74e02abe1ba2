-- One row a dataset and study: the newest prediction of the production model, without text. A study whose newest
-- report was cancelled is not there.
--
-- newer_report: A newer report of the study is in `reports` that the production model has not been given: this one
--   is out of date; null where `reports` knows nothing of the study
WITH newest_report AS (
    SELECT
        dataset, study_id, unit_id, batch_date, status,
        row_number() OVER (
            PARTITION BY dataset, study_id
            ORDER BY batch_date DESC, CASE WHEN status = 'ok' THEN 0 ELSE 1 END, unit_id
        ) AS place
    FROM reports
    WHERE study_id IS NOT NULL AND (status = 'ok' OR reason = 'cancelled')
),
ranked AS (
    SELECT
        predicted.*,
        newest_report.unit_id <> predicted.unit_id OR newest_report.batch_date <> predicted.batch_date AS newer_report,
        row_number() OVER (
            PARTITION BY predicted.dataset, predicted.study_id
            ORDER BY
                predicted.batch_date DESC,
                CASE WHEN newest_report.unit_id = predicted.unit_id THEN 0 ELSE 1 END,
                predicted.run_id DESC,
                predicted.unit_id
        ) AS place
    FROM predictions_without_text AS predicted
    LEFT JOIN newest_report
        ON newest_report.dataset = predicted.dataset
        AND newest_report.study_id = predicted.study_id
        AND newest_report.place = 1
    WHERE predicted.model_name = {production_model} AND COALESCE(newest_report.status, 'ok') = 'ok'
)
SELECT {predictions_without_text}, newer_report
FROM ranked
WHERE place = 1
