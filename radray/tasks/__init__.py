"""Tasks: what is asked of a model about a report."""
