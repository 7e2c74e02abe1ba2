"""What a sentence of a report asserts: sentences, assertion, mentions and normality."""
