"""How staged rows become data files: sorted within memory, and written."""
