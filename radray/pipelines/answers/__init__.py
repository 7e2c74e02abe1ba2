"""Tasks other than the impression: examples made of reports, and answered by one model for all tasks."""
