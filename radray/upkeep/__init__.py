"""Upkeep of the warehouse: maintenance, erasure, its evidence, Glue's optimizers."""
