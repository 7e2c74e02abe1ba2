"""Residual identifiers: what in a text may name or number a person, by kind. Rules, and no proof of anything."""
