-- One report under one model, without text and without what identifies a patient: for wide use.
SELECT {predictions_without_text}
FROM predictions
