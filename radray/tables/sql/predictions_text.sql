-- One report under one model, with its text: for the few who may read it.
SELECT
    unit_id, batch_date, dataset, split, study_id, model_name, model_digest, status, reason,
    modality, body_part, reference_stratum, findings_stratum,
    background, findings, reference, reference_raw, prediction,
    rouge1_f, rouge2_f, rougel_f, rougelsum_f, {flags}, evidence, reference_evidence, defer, run_id
FROM predictions
