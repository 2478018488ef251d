"""Two answers to one question, of which one is better: where such pairs come from and how they become tokens.

Knows no loss and no loop: what is learned from pairs is in `objectives`.
"""
