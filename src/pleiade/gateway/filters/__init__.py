"""Filters on the way of a call: what a deployment's policy says of its prompt and of its answer, whole or as a stream.

It does not know what is harmful (`pleiade.safety` does), nor how a text is scored (an engine does).
"""
