-- One row a report, model, recommended test and finding: what the model's impression and the radiologist's own
-- recommend to be done, at what interval, and what the model left out or added. Of ok predictions, without text.
--
-- test: What is recommended: an id of the vocabulary's recommendations; follow_up: no test named; none: no follow-up
-- concept: Finding that it is for, an id of the vocabulary; null where the impression names none of the vocabulary
-- side: Side of that finding in the model's impression: left, right or left+right; null where not stated
-- days_least: Least days until then by the model's impression; null without an interval
-- days_most: Most days until then, likewise
-- conditional: The model's impression makes it conditional ("if symptoms persist"); null where it has no such row
-- reference_side: Side of that finding in the radiologist's impression, likewise
-- reference_days_least: Least days until then by the radiologist's impression, likewise
-- reference_days_most: Most days until then, likewise
-- reference_conditional: The radiologist's impression makes it conditional, likewise
-- outcome: same, other_interval, left_out (the radiologist's alone), added (the model's alone) or no_reference
WITH item AS (
    SELECT
        batch_date, dataset, split, unit_id, study_id, modality, body_part, model_name, model_digest, checks_id,
        true AS of_model, CAST(NULL AS boolean) AS of_reference, reference_recommendations IS NOT NULL AS compared,
        entry
    FROM predictions
    CROSS JOIN UNNEST(split(recommendations, '; ')) AS written(entry)
    WHERE status = 'ok' AND recommendations <> ''
    UNION ALL
    SELECT
        batch_date, dataset, split, unit_id, study_id, modality, body_part, model_name, model_digest, checks_id,
        CAST(NULL AS boolean) AS of_model, true AS of_reference, true AS compared,
        entry
    FROM predictions
    CROSS JOIN UNNEST(split(reference_recommendations, '; ')) AS written(entry)
    WHERE status = 'ok' AND reference_recommendations <> ''
),
part AS (
    SELECT
        item.*,
        split_part(entry, ':', 1) AS test,
        NULLIF(split_part(entry, ':', 3), '') AS concept,
        NULLIF(split_part(entry, ':', 4), '') AS side,
        CAST(NULLIF(split_part(split_part(entry, ':', 2), '-', 1), '') AS bigint) AS days_least,
        CAST(NULLIF(split_part(split_part(entry, ':', 2), '-', 2), '') AS bigint) AS days_most,
        CASE WHEN split_part(entry, ':', 6) = 'if' THEN 1 ELSE 0 END AS conditional
    FROM item
),
beside AS (
    SELECT
        batch_date, dataset, split, unit_id, study_id, modality, body_part, model_name, model_digest, checks_id,
        test, concept,
        max(CASE WHEN of_model THEN side END) AS side,
        min(CASE WHEN of_model THEN days_least END) AS days_least,
        max(CASE WHEN of_model THEN days_most END) AS days_most,
        min(CASE WHEN of_model THEN conditional END) AS conditional,
        max(CASE WHEN of_reference THEN side END) AS reference_side,
        min(CASE WHEN of_reference THEN days_least END) AS reference_days_least,
        max(CASE WHEN of_reference THEN days_most END) AS reference_days_most,
        min(CASE WHEN of_reference THEN conditional END) AS reference_conditional,
        count(of_model) AS by_model, count(of_reference) AS by_reference, min(CASE WHEN compared THEN 1 ELSE 0 END) AS compared
    FROM part
    GROUP BY
        batch_date, dataset, split, unit_id, study_id, modality, body_part, model_name, model_digest, checks_id,
        test, concept
)
SELECT
    batch_date, dataset, split, unit_id, study_id, modality, body_part, model_name, model_digest, checks_id,
    test, concept, side, days_least, days_most, conditional = 1 AS conditional,
    reference_side, reference_days_least, reference_days_most, reference_conditional = 1 AS reference_conditional,
    CASE
        WHEN compared = 0 THEN 'no_reference'
        WHEN by_reference = 0 THEN 'added'
        WHEN by_model = 0 THEN 'left_out'
        WHEN days_least > reference_days_most OR reference_days_least > days_most THEN 'other_interval'
        ELSE 'same'
    END AS outcome
FROM beside
