"""How well answers are right: figures and differences of the tasks other than the impression."""
