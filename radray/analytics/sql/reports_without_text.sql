-- One input unit as `reports` holds it, without text, patient's id, file and times. Not de-identified: by study_id and
-- unit_id whoever may open the source finds the patient.
SELECT {reports_without_text}
FROM reports
