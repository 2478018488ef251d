"""Runs over HTTP: what each call of a model leaves behind, the list of them, and the overview told from their sums.

This room knows requests, answers and who may look; how runs are kept and counted is `pleiade.runs`'s, and it writes
to no database itself.
"""
