-- One row a job run: how many rows it made, how fast, and how it ended. Without its settings.
--
-- seconds: Whole seconds from start to end; null while it runs
SELECT
    run_id, job, status, reason, batch_date, dataset, split, model_name, model_digest, code_version,
    CAST(started AS timestamp(3)) AS started,
    CAST(ended AS timestamp(3)) AS ended,
    date_diff('second', started, ended) AS seconds,
    input_units, rows_ok, rows_not_ok, rows_resumed, rows_copied, units_per_second, rows_deferred, shift_p_value,
    task
FROM runs
