"""The HTTP side of the text engine: a request becomes token ids and limits, tokens become text, calls and chunks.

Knows the engine only as the `TextEngine` of generation.py: nothing of graphs, caches or batches.
"""
