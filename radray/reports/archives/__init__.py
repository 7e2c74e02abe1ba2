"""Archives and compressed files, read within limits: zip, tar, gzip."""
