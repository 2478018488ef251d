"""The way of a request: both wire dialects, keys, and the pipeline that leads a call to an engine and its
answer home.

This room knows customers and nothing of tensors or processes: it reads the table of endpoints and never
starts one.
"""
