-- One row a night, dataset and study of which the findings name something urgent, the most urgent first: what to read in
-- the morning, whatever the production model made of it. Without text. The findings are those that the model was given.
--
-- place: 1 is the first to read of its night and dataset
-- urgency: Urgency of its most urgent finding: critical (minutes to an hour) or urgent (hours or days)
-- certain: Whether one of that urgency is stated, and not merely thought possible
-- critical_findings: Critical findings, ids of the vocabulary joined by ;; null for none
-- urgent_findings: Urgent findings, likewise
WITH named AS (
    SELECT
        night.batch_date, night.dataset, night.split, night.unit_id, night.study_id, night.modality, night.body_part,
        night.model_name, night.model_digest, night.status, night.defer, night.urgent_first,
        night.flag_critical_missed, night.newer_report,
        split_part(entry, ':', 2) AS concept,
        CASE WHEN split_part(entry, ':', 3) = 'present' THEN 1 ELSE 0 END AS stated,
        split_part(entry, ':', 8) AS degree
    FROM night_predictions AS night
    CROSS JOIN UNNEST(split(night.mentions, '; ')) AS written(entry)
    WHERE
        night.mentions <> ''
        AND split_part(entry, ':', 1) = 'findings'
        AND split_part(entry, ':', 3) <> 'absent'
        AND split_part(entry, ':', 7) <> 'resolved'
        AND split_part(entry, ':', 8) <> ''
        AND split_part(entry, ':', 9) <> 'old'
),
study AS (
    SELECT
        batch_date, dataset, split, unit_id, study_id, modality, body_part, model_name, model_digest, status, defer,
        urgent_first, flag_critical_missed, newer_report,
        min(degree) AS urgency,
        max(CASE WHEN degree = 'critical' THEN stated END) AS critical_stated,
        max(CASE WHEN degree = 'urgent' THEN stated END) AS urgent_stated,
        count(DISTINCT concept) AS findings,
        array_join(array_sort(array_agg(DISTINCT concept) FILTER (WHERE degree = 'critical')), ';') AS critical_findings,
        array_join(array_sort(array_agg(DISTINCT concept) FILTER (WHERE degree = 'urgent')), ';') AS urgent_findings
    FROM named
    GROUP BY
        batch_date, dataset, split, unit_id, study_id, modality, body_part, model_name, model_digest, status, defer,
        urgent_first, flag_critical_missed, newer_report
)
SELECT
    row_number() OVER (
        PARTITION BY batch_date, dataset
        ORDER BY urgency, coalesce(critical_stated, urgent_stated) DESC, findings DESC, study_id
    ) AS place,
    batch_date, dataset, split, study_id, unit_id, modality, body_part, urgency,
    coalesce(critical_stated, urgent_stated) = 1 AS certain,
    critical_findings, urgent_findings, model_name, model_digest, status, urgent_first, flag_critical_missed, defer,
    newer_report
FROM study
