-- One row a follow-up that is due by the end of this month, UTC, or is overdue, of a patient who has not come since: see
-- `follow_ups`. Those of which no patient, date or body part is known are among them. Without text, but with dates of exams.
--
-- overdue: Its last day has passed
SELECT
    batch_date, dataset, split, unit_id, study_id, modality, body_part, recommended_by, test, concept, side, conditional,
    exam_date, due_from, due_by, state, due_by < current_date AS overdue
FROM follow_ups
WHERE state <> 'seen' AND due_by < date_add('month', 1, date_trunc('month', current_date))
