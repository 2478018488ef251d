"""The examinations, one file each: their rows, their protocol in a sentence, their measure.

They know a `Scorer` and the data folder; not where the model runs, nor how results are kept and drawn.
"""
