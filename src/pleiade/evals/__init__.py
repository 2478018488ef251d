"""Evaluations of deployments and of what was answered before: what is asked, how it is graded, what came out.

It knows the store, files and graders; it asks models through whoever calls the public API for it, and knows no gateway.
"""
