-- One row a fine-tuning run, value and step: loss, learning rate and speed as training went.
--
-- is_last: The newest step that the run logged of this value
SELECT
    run_id, model_name, name, step, epoch, CAST(time AS timestamp(3)) AS time, value,
    step = max(step) OVER (PARTITION BY run_id, name) AS is_last
FROM training_metrics
