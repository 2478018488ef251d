"""How the ranks of a run divide a model, its optimizer, a step's rows and their positions, and how that is saved.

It does not know what is learned, nor where data comes from: a run that divides nothing does not come in here.
"""
