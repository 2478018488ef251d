"""The reward engine: a decoder with a head of one number, on the text engine's graph, batched across requests.

It scores conversations; it knows nothing of keys or customers, nor what the scores are for. It writes no text.
"""
