"""The yardstick of every language model: an interpolated modified Kneser-Ney n-gram over the same tokens.

It knows arrays of token ids and how likely they are; it does not know networks, and it cannot write.
"""
