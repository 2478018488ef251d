"""The routes of evals and their runs: what is asked for is checked, kept and queued; what came out is listed.

It grades nothing itself and asks no model: a job does.
"""
