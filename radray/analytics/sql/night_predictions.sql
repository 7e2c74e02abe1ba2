-- One row a night, dataset and study: what the production model wrote that night, without text. A question about one
-- night reads that night alone. A study that comes again has a row in each of its nights: `latest_predictions` has one.
--
-- newer_report: `reports` has another report of the study that night, which the production model has not been given:
--   this one is out of date; null where `reports` knows nothing of the study that night
WITH study AS (
    SELECT batch_date, dataset, study_id, max(CASE WHEN status = 'ok' THEN unit_id END) AS unit_id
    FROM reports
    WHERE study_id IS NOT NULL AND (status = 'ok' OR reason = 'cancelled')
    GROUP BY batch_date, dataset, study_id
),
ranked AS (
    SELECT
        predicted.*,
        study.unit_id <> predicted.unit_id AS newer_report,
        row_number() OVER (
            PARTITION BY predicted.batch_date, predicted.dataset, predicted.study_id
            ORDER BY
                CASE WHEN study.unit_id = predicted.unit_id THEN 0 ELSE 1 END,
                predicted.run_id DESC,
                predicted.unit_id
        ) AS place
    FROM predictions_without_text AS predicted
    LEFT JOIN study
        ON study.batch_date = predicted.batch_date
        AND study.dataset = predicted.dataset
        AND study.study_id = predicted.study_id
    WHERE
        predicted.model_name = {production_model}
        AND (study.study_id IS NULL OR study.unit_id IS NOT NULL)
)
SELECT {predictions_without_text}, newer_report
FROM ranked
WHERE place = 1
