"""Feedback on answers of every product: given, looked through, marked as done, handed on as training data.

It knows the store, runs and what records share; it knows neither HTTP, nor who may read what, nor the app.
"""
