"""Tasks other than the impression: their examples made of reports."""
