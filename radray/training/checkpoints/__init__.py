"""Checkpoints: their files, their uploads, and the store that writes and verifies them."""
