-- One row an action on the warehouse: who queried, erased, published or ran a job, when, and how it ended.
--
-- began: When it began, or, where only the end is recorded, ended
-- ended: When it ended; null for an action that goes on, or whose end could not be recorded
SELECT
    audit_id, max(action) AS action, max(principal) AS principal, max(os_user) AS os_user,
    max(submission_id) AS submission_id,
    CAST(min(time) AS timestamp(3)) AS began,
    CAST(max(CASE WHEN phase = 'ended' THEN time END) AS timestamp(3)) AS ended,
    max(exit_code) AS exit_code, max(row_count) AS row_count, bool_or(to_file) AS to_file, max(tables) AS tables,
    max(statement_digest) AS statement_digest, max(outcome_ids) AS outcome_ids, max(code_version) AS code_version
FROM audit
GROUP BY audit_id
