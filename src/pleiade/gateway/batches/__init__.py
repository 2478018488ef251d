"""Batches over HTTP, and what is done for their lines: they wait for gaps, are answered once, and are paid for once.

It knows no runner: that is a client of ours, which shows the house's token.
"""
