"""Work that is done later: a queue in the database for every kind of job, and the process that works it off.

It knows tables and files, and asks models over the public HTTP API; it knows nothing of the gateway's inside.
"""
