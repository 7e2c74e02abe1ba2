"""The settings of every job."""
