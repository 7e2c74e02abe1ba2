-- One row of `answers` with its text, what the model read and what it wrote: for the few who may read it.
SELECT
    example_id, unit_id, item, task, batch_date, dataset, split, study_id, model_name, model_digest, status, reason,
    inputs, answer, value, rewritten, gold_value, gold_rewritten, gold_source, correct, f1, logprob_per_token, run_id
FROM answers
