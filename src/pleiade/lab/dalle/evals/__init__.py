"""Measures a picture model: alignment, exact checks, distribution, memorisation and edits, each beside real pictures.

It knows nothing of how the model was trained, and its own encoder never serves anyone.
"""
