"""One report as a record: its fields, values, free text and ids."""
