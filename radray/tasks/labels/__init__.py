"""The task `labels`: which findings a report has, each present, uncertain or absent, and on which side."""
