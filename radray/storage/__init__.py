"""Bytes in and out, on disk or S3, each held against its checksum."""
