"""Families: what differs between kinds of models, a folder each."""
