"""Measures a model: how well it predicts held-out text, and what it answers.

It knows nothing of how the model was trained and never sees training text.
"""
