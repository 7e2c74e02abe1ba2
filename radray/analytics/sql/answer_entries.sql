-- One row an entry of an answer that is a list, without text: a finding of the labels, a device, the section of a
-- sentence, a change. Of ok answers; an empty list has no row.
--
-- name: Finding, device or change, by its id; of sections the number of the sentence
-- state: What the answer says of it: present, uncertain, absent, malpositioned, findings, worse, ...
-- place: Where it is; null where the answer does not say
WITH listed AS (
    SELECT
        batch_date, dataset, split, unit_id, study_id, model_name, model_digest, task, example_id, item,
        transform(entries, each -> concat(each.name, ':', each.state, ':', coalesce(each.place, ''))) AS texts
    FROM answers
    WHERE status = 'ok'
)
SELECT
    batch_date, dataset, split, unit_id, study_id, model_name, model_digest, task, example_id, item,
    split_part(entry, ':', 1) AS name,
    split_part(entry, ':', 2) AS state,
    NULLIF(split_part(entry, ':', 3), '') AS place
FROM listed
CROSS JOIN UNNEST(texts) AS written(entry)
