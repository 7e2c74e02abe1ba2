"""A night, whole: which files it has, its runs of `reports` and `predictions`, its gates and its last line."""
