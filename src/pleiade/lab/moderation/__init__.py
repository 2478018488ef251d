"""Trains the moderation model: labelled sets and written phrases become a classifier that a worker serves with numpy.

It measures what it trains, beside a published baseline; it knows nothing of policies, deployments or the gateway.
"""
