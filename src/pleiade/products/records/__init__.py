"""What the records of all products share: owners, ids and clocks, words as they are searched, what can go wrong.

It knows tables in general; it knows no table, no product and no HTTP.
"""
