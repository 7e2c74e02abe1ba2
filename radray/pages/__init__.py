"""What people read: an evaluation as tables in a terminal and as an HTML page, and the sheets of a review."""
