"""What is set in a house: values that are changed while it runs, which win over those it was started with, and origins.

It knows settings, the store and the audit log; it knows no HTTP, and nobody who reads a setting.
"""
