"""The driver's side of Ray Train: the trainer, its workers, stopping."""
