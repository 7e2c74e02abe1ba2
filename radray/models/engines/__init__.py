"""Engines: from prompts to hypotheses, by transformers or CTranslate2, with the same beam search."""
