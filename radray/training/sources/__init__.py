"""Where the examples of a fine-tuning are from: reports, the examples of tasks, a file of instructions."""
