-- One row a study, recommended imaging test and finding: when it is due, and whether the patient has come since. The
-- radiologist's own recommendations where there is an impression, else those of the production model. Of the newest
-- prediction of each study; what is not imaging is not here. Without text, but with dates of exams.
--
-- recommended_by: radiologist or model
-- test: What is recommended: an id of the vocabulary's imaging tests, or follow_up where none is named
-- concept: Finding that it is for, an id of the vocabulary; null where none of the vocabulary is named
-- side: Side of that finding: left, right or left+right; null where not stated
-- conditional: It is conditional ("if symptoms persist")
-- exam_date: Date of the exam, or of its report where the exam's is not known, UTC
-- due_from: First day on which it is due; null without an interval or a date of the exam
-- due_by: Last day on which it is due, likewise
-- seen_on: Date of the patient's next exam that may be it: of the test's modality, of the same body part, and not
--   before half of the least interval; of follow_up of any modality; null: none yet
-- seen_study_id: Study of that exam
-- state: seen, open, or unlinked: the source names no patient, or not when or of what the exam was
WITH exam AS (
    SELECT
        dataset, batch_date, unit_id, study_id, subject_id, modality, body_part,
        CAST(coalesce(exam_time, report_time) AS date) AS day
    FROM reports
    WHERE status = 'ok'
),
asked AS (
    SELECT
        predicted.batch_date, predicted.dataset, predicted.split, predicted.unit_id, predicted.study_id,
        predicted.modality, predicted.body_part, predicted.model_name, predicted.model_digest,
        CASE WHEN predicted.reference_recommendations IS NULL THEN 'model' ELSE 'radiologist' END AS recommended_by,
        entry
    FROM latest_predictions AS predicted
    CROSS JOIN UNNEST(
        split(coalesce(predicted.reference_recommendations, predicted.recommendations), '; ')
    ) AS written(entry)
    WHERE predicted.status = 'ok' AND coalesce(predicted.reference_recommendations, predicted.recommendations) <> ''
),
item AS (
    SELECT
        asked.*,
        split_part(entry, ':', 1) AS test,
        NULLIF(split_part(entry, ':', 3), '') AS concept,
        NULLIF(split_part(entry, ':', 4), '') AS side,
        CAST(NULLIF(split_part(split_part(entry, ':', 2), '-', 1), '') AS bigint) AS days_least,
        CAST(NULLIF(split_part(split_part(entry, ':', 2), '-', 2), '') AS bigint) AS days_most,
        split_part(entry, ':', 6) = 'if' AS conditional,
        CASE split_part(entry, ':', 1) {modalities_of_tests} END AS modalities
    FROM asked
),
due AS (
    SELECT
        item.*, exam.subject_id, exam.day,
        CAST(date_add('day', item.days_least, exam.day) AS date) AS due_from,
        CAST(date_add('day', item.days_most, exam.day) AS date) AS due_by
    FROM item
    LEFT JOIN exam
        ON exam.dataset = item.dataset AND exam.batch_date = item.batch_date AND exam.unit_id = item.unit_id
    WHERE item.modalities IS NOT NULL
)
SELECT
    due.batch_date, due.dataset, due.split, due.unit_id, due.study_id, due.modality, due.body_part, due.model_name,
    due.model_digest, due.recommended_by, due.test, due.concept, due.side, due.conditional,
    due.day AS exam_date, due.due_from, due.due_by,
    min(later.day) AS seen_on,
    min_by(later.study_id, later.day) AS seen_study_id,
    CASE
        WHEN min(later.day) IS NOT NULL THEN 'seen'
        WHEN due.subject_id IS NULL OR due.day IS NULL OR due.body_part IS NULL THEN 'unlinked'
        ELSE 'open'
    END AS state
FROM due
LEFT JOIN exam AS later
    ON later.dataset = due.dataset
    AND later.subject_id = due.subject_id
    AND later.body_part = due.body_part
    AND later.day > due.day
    AND (due.days_least IS NULL OR 2 * date_diff('day', due.day, later.day) >= due.days_least)
    AND (due.modalities = 'any' OR strpos(due.modalities, concat(';', later.modality, ';')) > 0)
GROUP BY
    due.batch_date, due.dataset, due.split, due.unit_id, due.study_id, due.modality, due.body_part, due.model_name,
    due.model_digest, due.recommended_by, due.test, due.concept, due.side, due.conditional, due.day, due.due_from,
    due.due_by, due.subject_id
