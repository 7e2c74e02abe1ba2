"""Sequence-to-sequence models: their folders, how they are loaded, and the engines that write with them."""
