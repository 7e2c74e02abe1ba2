"""The figures of an evaluation: ROUGE, floors, strata, intervals, gates and the review. No torch, no ray."""
