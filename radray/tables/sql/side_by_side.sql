-- One row a dataset and study, with text: findings, the radiologist's impression, and what the production model and
-- the candidate wrote of the same report, with scores and flags. Other models: `predictions_text`, a row each.
WITH candidate AS (
    SELECT
        unit_id, batch_date, dataset, split, model_digest, model_name, {side_columns},
        row_number() OVER (PARTITION BY batch_date, dataset, split, unit_id ORDER BY run_id DESC) AS place
    FROM predictions
    WHERE model_name = {candidate_model}
)
SELECT
    latest.batch_date, latest.dataset, latest.split, latest.study_id, latest.unit_id, latest.modality,
    latest.body_part, latest.reference_stratum, latest.findings_stratum, latest.newer_report,
    production.background, production.findings, production.reference, {reference_flags},
    {production_columns},
    {candidate_columns}
FROM latest_predictions AS latest
JOIN predictions AS production
    ON production.batch_date = latest.batch_date
    AND production.dataset = latest.dataset
    AND production.split = latest.split
    AND production.model_digest = latest.model_digest
    AND production.unit_id = latest.unit_id
LEFT JOIN candidate
    ON candidate.batch_date = latest.batch_date
    AND candidate.dataset = latest.dataset
    AND candidate.split = latest.split
    AND candidate.unit_id = latest.unit_id
    AND candidate.place = 1
