"""What people look at: evaluations as tables of a terminal and as CSV files."""
