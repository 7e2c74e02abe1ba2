"""The task `devices`: tubes, lines, implants and foreign bodies of a report: which, where, and whether misplaced."""
