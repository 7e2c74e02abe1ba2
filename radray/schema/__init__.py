"""The contract of the tables."""
