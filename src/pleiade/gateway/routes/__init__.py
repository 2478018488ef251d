"""The gateway's own routes: inference, models, the legacy ones of 2023, and what operators probe.

A route knows neither the prefix that it is mounted under nor the dialect of its caller.
"""
