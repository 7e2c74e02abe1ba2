"""Synthetic studies, for the demo and the tests."""
