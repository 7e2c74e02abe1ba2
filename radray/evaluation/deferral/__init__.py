"""Which predictions a person should write: what a confidence separates, bounds on the worst error, shifted nights."""
