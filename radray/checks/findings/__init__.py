"""Findings of the impression against those of its input: side, denial, place, change, what is left out or added."""
