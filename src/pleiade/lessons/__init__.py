"""Lessons of use: what people thought of answers becomes examples, a candidate, and a decision about it.

It knows feedback, files, fine-tuning, evals and deployments, and knows no HTTP and no tensor.
"""
