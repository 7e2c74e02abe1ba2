"""The text of a report: decoding, sections, headings, cleaning, items."""
