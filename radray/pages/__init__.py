"""What people look at: evaluations as tables of a terminal, as CSV files and as a page."""
