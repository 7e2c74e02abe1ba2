-- One row a night, dataset, split, model, task and label: in how many reports the model finds it, or a device, and how
-- far that is from the nights before. What it denies does not count, a malpositioned device does. A label that a night
-- lacks has a row of 0, if any night has it. Every question reads all nights.
--
-- label: Finding or device, by its id
-- reports: Reports with an ok answer to the task
-- labelled: Of these, reports with the label
-- share: labelled over reports, 0 to 1
-- reports_before: Reports with an ok answer in the 28 nights before that the table has; null for the first night
-- share_before: Share with the label among these, 0 to 1
-- drift: share less share_before
-- z: drift over its standard error, both shares pooled; null where that is 0. Of equal nights 5 % are beyond 1.96, more
--   where patients have several reports; there are many labels
WITH answered AS (
    SELECT batch_date, dataset, split, model_name, model_digest, task, CAST(count(*) AS bigint) AS reports
    FROM answers
    WHERE status = 'ok' AND task IN ('labels', 'devices')
    GROUP BY batch_date, dataset, split, model_name, model_digest, task
),
night_label AS (
    SELECT
        batch_date, dataset, split, model_name, model_digest, task, name AS label,
        CAST(count(DISTINCT example_id) AS bigint) AS labelled
    FROM answer_entries
    WHERE state <> 'absent' AND task IN ('labels', 'devices')
    GROUP BY batch_date, dataset, split, model_name, model_digest, task, name
),
known AS (
    SELECT DISTINCT dataset, split, model_name, model_digest, task, label
    FROM night_label
),
by_night AS (
    SELECT
        answered.batch_date, answered.dataset, answered.split, answered.model_name, answered.model_digest, answered.task,
        known.label, answered.reports, coalesce(night_label.labelled, 0) AS labelled
    FROM answered
    INNER JOIN known
        ON known.dataset = answered.dataset
        AND known.split = answered.split
        AND known.model_name = answered.model_name
        AND known.model_digest = answered.model_digest
        AND known.task = answered.task
    LEFT JOIN night_label
        ON night_label.batch_date = answered.batch_date
        AND night_label.dataset = answered.dataset
        AND night_label.split = answered.split
        AND night_label.model_name = answered.model_name
        AND night_label.model_digest = answered.model_digest
        AND night_label.task = answered.task
        AND night_label.label = known.label
),
counted AS (
    SELECT
        by_night.*,
        CAST(labelled AS double) / CAST(reports AS double) AS share,
        CAST(sum(reports) OVER (
            PARTITION BY dataset, split, model_name, model_digest, task, label
            ORDER BY batch_date ROWS BETWEEN 28 PRECEDING AND 1 PRECEDING
        ) AS bigint) AS reports_before,
        CAST(sum(labelled) OVER (
            PARTITION BY dataset, split, model_name, model_digest, task, label
            ORDER BY batch_date ROWS BETWEEN 28 PRECEDING AND 1 PRECEDING
        ) AS bigint) AS labelled_before
    FROM by_night
),
compared AS (
    SELECT
        counted.*,
        CAST(labelled_before AS double) / CAST(reports_before AS double) AS share_before,
        CAST(labelled + labelled_before AS double) / CAST(reports + reports_before AS double) AS pooled
    FROM counted
)
SELECT
    batch_date, dataset, split, model_name, model_digest, task, label, reports, labelled, share,
    reports_before, share_before,
    share - share_before AS drift,
    (share - share_before) / NULLIF(
        sqrt(pooled * (1e0 - pooled) * (1e0 / CAST(reports AS double) + 1e0 / CAST(reports_before AS double))), 0e0
    ) AS z
FROM compared
