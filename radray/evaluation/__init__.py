"""Numbers about text: ROUGE, floors, strata and distributions. No torch, no ray."""
