"""Checkpoints: files, uploads, and the store that holds them against their digests."""
