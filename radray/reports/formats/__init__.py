"""The forms in which reports arrive, a module each, and how a file's form is recognised."""
