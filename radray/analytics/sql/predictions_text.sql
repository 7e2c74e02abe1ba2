-- One report under one model, with its text: for the few who may read it.
--
-- missed_words: Words of the findings that flag_critical_missed names, joined by ;; null without the flag
SELECT
    unit_id, batch_date, dataset, split, study_id, model_name, model_digest, status, reason,
    modality, body_part, reference_stratum, findings_stratum,
    background, findings, reference, reference_raw, prediction,
    rouge1_f, rouge2_f, rougel_f, rougelsum_f, {flags},
    CASE WHEN flag_critical_missed THEN array_join(
        transform(
            regexp_extract_all(evidence, 'critical_missed findings:(\d+-\d+)', 1),
            place -> substr(
                findings,
                CAST(split_part(place, '-', 1) AS bigint) + 1,
                CAST(split_part(place, '-', 2) AS bigint) - CAST(split_part(place, '-', 1) AS bigint)
            )
        ),
        '; '
    ) END AS missed_words,
    evidence, reference_evidence, defer, run_id
FROM predictions
