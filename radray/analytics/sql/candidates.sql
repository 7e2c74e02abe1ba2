-- One row a candidate of a report and model: what a consensus chose the prediction from, that first, with the
-- text that the model wrote.
--
-- place: Rank by faults and agreement, from 1, which is the prediction
-- source: beam, sample or neighbour: the impression of a training report
-- neighbour_unit_id: That training report; null for what the model wrote
-- text: What the model wrote; null for a training report, whose text is another patient's
-- score: Log-probability over length of what the model wrote; of a neighbour the cosine of the findings
-- agreement: Mean agreement with all candidates by their votes, 0 to 1; null where there is no other
-- faults: How badly the checks fault it: 2 a class of Tier A, normal over abnormal or an omission, 1 unsupported, 0 none;
--   null with generate.consensus_checks=false
SELECT
    batch_date, dataset, split, unit_id, study_id, modality, body_part, model_name, model_digest, checks_id,
    written.place,
    json_extract_scalar(written.entry, '$.source') AS source,
    json_extract_scalar(written.entry, '$.unit_id') AS neighbour_unit_id,
    json_extract_scalar(written.entry, '$.text') AS text,
    CAST(json_extract_scalar(written.entry, '$.score') AS double) AS score,
    CAST(json_extract_scalar(written.entry, '$.agreement') AS double) AS agreement,
    CAST(json_extract_scalar(written.entry, '$.faults') AS integer) AS faults
FROM predictions
CROSS JOIN UNNEST(CAST(json_parse(candidates) AS array(json))) WITH ORDINALITY AS written(entry, place)
WHERE candidates IS NOT NULL
