"""What runs inside vLLM's own process, in vLLM's own environment: its middleware, found by PYTHONPATH.

It knows nothing of Pleiade and imports nothing that is not Python's.
"""
