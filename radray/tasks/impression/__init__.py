"""The impression from the findings: prompts, targets, pairs."""
