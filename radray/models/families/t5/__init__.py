"""The T5 family: loading, saving, shape, memory, adapters and conversion."""
