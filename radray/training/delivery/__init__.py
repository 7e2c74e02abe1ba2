"""The delivered model: its folder, card, curves and event files."""
