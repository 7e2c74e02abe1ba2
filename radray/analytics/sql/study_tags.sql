-- One row a night, dataset, unit and digest of the production model: the labels and devices that it gives a report, beside
-- the impression that it wrote and the radiologist's own. With text. A report of which it was asked neither has no row.
--
-- labels: Findings, each with its state and place, joined by ;; none: the answer has none; null: not asked, or failed
-- devices: Devices, likewise
-- prediction: What the production model wrote; null where it wrote none
WITH tagged AS (
    SELECT
        batch_date, dataset, split, unit_id, study_id, model_name, model_digest, task,
        CASE WHEN status = 'ok' THEN coalesce(
            NULLIF(
                array_join(
                    transform(
                        entries,
                        listed -> concat(listed.name, ' ', listed.state, coalesce(concat(' ', listed.place), ''))
                    ),
                    '; '
                ),
                ''
            ),
            'none'
        ) END AS tags
    FROM answers
    WHERE model_name = {production_model} AND task IN ('labels', 'devices') AND status <> 'not_asked'
),
beside AS (
    SELECT
        batch_date, dataset, split, unit_id, study_id, model_name, model_digest,
        max(CASE WHEN task = 'labels' THEN tags END) AS labels,
        max(CASE WHEN task = 'devices' THEN tags END) AS devices
    FROM tagged
    GROUP BY batch_date, dataset, split, unit_id, study_id, model_name, model_digest
)
SELECT
    beside.batch_date, beside.dataset, beside.split, beside.unit_id, beside.study_id, beside.model_name,
    beside.model_digest, beside.labels, beside.devices, predicted.prediction, predicted.reference
FROM beside
LEFT JOIN predictions AS predicted
    ON predicted.batch_date = beside.batch_date
    AND predicted.dataset = beside.dataset
    AND predicted.split = beside.split
    AND predicted.unit_id = beside.unit_id
    AND predicted.model_digest = beside.model_digest
