"""What the tables know of a patient over all nights."""
