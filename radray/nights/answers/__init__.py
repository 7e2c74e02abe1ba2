"""The answers of a night: several tasks in one run of the pipeline, a commit for each."""
