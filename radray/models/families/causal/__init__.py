"""Decoder-only models: Llama, Mistral, Qwen, Phi, Gemma."""
