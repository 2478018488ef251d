"""Files that programs bring and fetch, whole or in parts: records, rules, quotas, JSON lines read one by one.

It knows tables and the store of objects; it knows no HTTP, no batch and no training.
"""
