"""Settlements with partners over HTTP: agreements, who gets what of the ledger's months and why, what if, closing.

This room knows requests, answers and who may see what; it does no arithmetic, and knows no bill.
"""
