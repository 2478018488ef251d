"""Weights and shapes from safetensors folders, GGUF files and their names, as arrays read when they are asked for.

Knows nothing of graphs, of serving or of tokens.
"""
