"""Planting of errors in a report's own impression, and of sentences that are right in their place."""
