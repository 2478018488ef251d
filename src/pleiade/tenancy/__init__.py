"""Who may call: keys today; organisations, projects and roles grow here.

This room knows the tables of keys; it does not know HTTP, engines or money.
"""
