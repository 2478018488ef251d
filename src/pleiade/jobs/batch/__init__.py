"""Batches: what a batch is, the lines of its input, the answers that it has, the files that it gives, and its run.

It knows files and the queue; it knows no price and no engine, since each line is a call of the public API.
"""
