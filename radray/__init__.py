"""radray writes the impression of a radiology report from its findings, in batch, and measures how good it is."""
