-- One row of `answers`, what a model answered to what a task asks of a report, without text, lists and patient's id. Not
-- de-identified: by study_id and unit_id whoever may open the source finds the patient.
SELECT {answers_without_text}
FROM answers
