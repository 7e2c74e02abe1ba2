"""What a radiology report is: formats, sections, cleaning, identity, splits. Bytes and text alone: opens no file."""
