"""The jobs: one file a command, run as ``python -m jobs.NAME [--config FILE ...] [key=value ...] [--dry-run]``."""
