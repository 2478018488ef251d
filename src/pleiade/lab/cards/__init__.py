"""Model cards and the page of shipped models, written from records that were gathered once and are kept beside them.

It measures nothing that `evals` measures and trains nothing; what it prints, a record in the repository says.
"""
