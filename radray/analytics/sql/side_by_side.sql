-- One row a night, dataset and study, with text: findings, the radiologist's impression, and what the production model
-- and the candidate wrote of the same report, with scores and flags. Other models: `predictions_text`, a row each.
WITH candidate AS (
    SELECT
        unit_id, batch_date, dataset, split, study_id, model_name, {side_columns},
        row_number() OVER (
            PARTITION BY batch_date, dataset, split, study_id, unit_id ORDER BY run_id DESC, model_digest
        ) AS place
    FROM predictions
    WHERE model_name = {candidate_model}
)
SELECT
    night.batch_date, night.dataset, night.split, night.study_id, night.unit_id, night.modality,
    night.body_part, night.reference_stratum, night.findings_stratum, night.newer_report,
    production.background, production.findings, production.reference, {reference_flags},
    {production_columns},
    {candidate_columns}
FROM night_predictions AS night
JOIN predictions AS production
    ON production.batch_date = night.batch_date
    AND production.dataset = night.dataset
    AND production.split = night.split
    AND production.model_name = {production_model}
    AND production.model_digest = night.model_digest
    AND production.study_id = night.study_id
    AND production.unit_id = night.unit_id
LEFT JOIN candidate
    ON candidate.batch_date = night.batch_date
    AND candidate.dataset = night.dataset
    AND candidate.split = night.split
    AND candidate.study_id = night.study_id
    AND candidate.unit_id = night.unit_id
    AND candidate.place = 1
