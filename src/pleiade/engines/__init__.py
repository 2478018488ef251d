"""What runs models: processes that speak OpenAI's dialect, one folder or file per kind of engine.

An engine knows tensors (or another server) and nothing of customers, keys, quotas or the database.
"""
