"""What a radiology report is: reading, sections, cleaning, identity, splits, prompts. Pure text and bytes."""
