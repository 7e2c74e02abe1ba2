-- One row a mention: a finding or device that findings, radiologist's impression or prediction name, once for each
-- time, without text. Findings and reference are repeated for each model.
--
-- named_in: The text: findings, reference or prediction
-- concept: Finding or device, an id of the vocabulary
-- state: present, absent or uncertain
-- side: left, right or left+right; null where not stated
-- severity: borderline, trace, mild, moderate or severe; null where not stated
-- places: Where, names of the vocabulary joined by +; null where not stated
-- change: new, increased, decreased, unchanged or resolved; null where not stated
-- urgency: critical or urgent, of the finding; null for any other
-- historical: The text calls it old, or a history
SELECT
    batch_date, dataset, split, unit_id, study_id, modality, body_part, model_name, model_digest, checks_id,
    split_part(entry, ':', 1) AS named_in,
    split_part(entry, ':', 2) AS concept,
    split_part(entry, ':', 3) AS state,
    NULLIF(split_part(entry, ':', 4), '') AS side,
    NULLIF(split_part(entry, ':', 5), '') AS severity,
    NULLIF(split_part(entry, ':', 6), '') AS places,
    NULLIF(split_part(entry, ':', 7), '') AS change,
    NULLIF(split_part(entry, ':', 8), '') AS urgency,
    split_part(entry, ':', 9) = 'old' AS historical
FROM predictions
CROSS JOIN UNNEST(split(mentions, '; ')) AS written(entry)
WHERE mentions <> ''
