"""Invoices over HTTP: members of an organisation read its bills, the house's administrators make and issue them.

This room knows requests, answers and who may; it does not know what a bill is made of, nor what it moves in the ledger.
"""
