"""The gallery over HTTP, and how a made picture gets into it: kept as the answer goes out, never at the answer's cost.

It knows the records of `products.pictures` and who signs; it does not know how a picture is made.
"""
