"""Writing the impression from the findings: prompts, targets, pairs."""
