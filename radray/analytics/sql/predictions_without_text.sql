-- One report under one model, without text and patient's id. Not de-identified: by study_id and unit_id whoever may open
-- the source finds the patient.
SELECT {predictions_without_text}
FROM predictions
