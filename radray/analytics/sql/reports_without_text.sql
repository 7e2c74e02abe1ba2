-- One input unit as `reports` holds it, without text and without what identifies a patient.
SELECT {reports_without_text}
FROM reports
