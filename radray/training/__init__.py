"""Fine-tuning with Ray Train: the loop that each worker runs, and the trainer that the driver calls."""
