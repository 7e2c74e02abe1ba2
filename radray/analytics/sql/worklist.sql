-- Impressions of the production model to look at first, without text: of each night and dataset those that have a flag
-- of an error that harms, the most urgent class first, then the more classes.
--
-- place: 1 is the first to look at of its night and dataset
-- worst: The most urgent class of flag that it has
-- hits: Classes of flags that it has, of those that harm
-- classes: All of them, most urgent first, joined by ;
-- reference_has_worst: The radiologist's own impression has the flag of the worst class, too; null: cannot be told
WITH hit AS (
    SELECT
        night.*,
        {worst_class} AS worst,
        {urgency} AS urgency,
        {hits} AS hits,
        {hit_classes} AS classes,
        {reference_has_worst} AS reference_has_worst
    FROM night_predictions AS night
    WHERE night.status = 'ok'
)
SELECT
    row_number() OVER (PARTITION BY batch_date, dataset ORDER BY urgency, hits DESC, study_id) AS place,
    batch_date, dataset, split, study_id, unit_id, modality, body_part, findings_stratum, reference_stratum,
    model_name, model_digest, worst, CAST(hits AS bigint) AS hits, classes, reference_has_worst, evidence, defer,
    logprob_per_token, newer_report
FROM hit
WHERE hits > 0
