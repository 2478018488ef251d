"""The process that keeps the books of a home: it ships journals, settles what dead gateways left, and seals the hours.

This room puts ledger, prices and the table of endpoints together; it knows no HTTP route and starts no process.
"""
