"""Archives and compressed files, opened within limits: zip, tar, gzip."""
