"""What a house keeps of one person: gathered to be taken along, or erased, so that nothing of it is found again.

It knows the store, runs, tenancy and the products' records; it knows no HTTP, and who may ask is decided elsewhere.
"""
