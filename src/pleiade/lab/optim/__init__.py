"""How weights move: Muon for matrices, AdamW for the rest, and the schedule of their learning rates.

It does not know the model's shape beyond tensors and names, nor what the loss means.
"""
