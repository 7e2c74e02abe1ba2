"""Bytes in and out, on disk or S3, each verified by its checksum."""
