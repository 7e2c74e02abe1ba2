"""The contract of the tables: their columns, each with a sentence, and the documented statuses and reasons."""
