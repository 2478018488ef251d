"""Runs code that a model wrote, as hostile until proven otherwise, and says whether it passes given tests.

It knows nothing of models, suites or prompts; it is plain Linux, without torch and without privileges.
"""
