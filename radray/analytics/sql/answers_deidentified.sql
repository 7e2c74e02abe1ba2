-- One row of `answers`, to hand on: keyed ids, years, short answers and scores, and neither text nor times.
--
-- unit: Keyed id of the unit, the same in reports_deidentified
-- study: Keyed id of the study
-- patient: Keyed id of the patient; null where the source has none
-- source: Keyed id of the dataset
-- year: Year of the night; 1970 for a corpus
SELECT
    keyed_id('unit', dataset, unit_id) AS unit,
    keyed_id('study', dataset, study_id) AS study,
    keyed_id('patient', dataset, subject_id) AS patient,
    keyed_id('dataset', '', dataset) AS source,
    CAST(year(batch_date) AS bigint) AS year,
    {answers_deidentified}
FROM answers
ORDER BY unit
