"""Feeds of three vendors' forms with invented reports, each with the findings and reference that are right for it."""
