"""HL7 v2: from bytes to messages, and from the segments of a report to its texts."""
