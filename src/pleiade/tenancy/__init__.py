"""Organisations, their projects, people and keys, who may do what, and the log of every change.

This room knows the tables of tenants; it does not know HTTP, engines or money.
"""
