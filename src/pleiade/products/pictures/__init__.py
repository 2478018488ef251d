"""The gallery: pictures that are kept, what made them and what was made from them, their bytes counted and shared.

It knows the store's tables and the formats of pictures; it does not know who draws, who signs, nor HTTP.
"""
