-- One input unit of `reports`, to hand on: keyed ids, years, and neither text nor places nor times.
--
-- unit: Keyed id of the unit, the same in predictions_deidentified
-- study: Keyed id of the study; null where the source has none
-- patient: Keyed id of the patient; null where the source has none
-- source: Keyed id of the dataset
-- year: Year of the night; 1970 for a corpus
SELECT
    keyed_id('unit', dataset, unit_id) AS unit,
    keyed_id('study', dataset, study_id) AS study,
    keyed_id('patient', dataset, subject_id) AS patient,
    keyed_id('dataset', '', dataset) AS source,
    CAST(year(batch_date) AS bigint) AS year,
    {reports_deidentified}
FROM reports
ORDER BY unit
