"""Graders in OpenAI's form: what an answer is worth, computed from the answer and its example's reference fields.

Checking and arithmetic are here; running Python, asking a model and embedding texts are handed in by whoever can. It
knows no job, no route and no file.
"""
