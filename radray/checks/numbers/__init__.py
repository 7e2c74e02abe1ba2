"""Numbers: measurements, grades and classes of the impression against those of its input."""
