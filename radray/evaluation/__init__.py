"""Scores, floors, intervals and comparisons: how good impressions are, and against what."""
