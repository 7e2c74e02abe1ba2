"""The formats in which reports arrive, a module each, and how the format of a file is recognised."""
