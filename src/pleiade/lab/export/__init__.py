"""Writes a trained model in the formats that engines read: a Hugging Face folder and GGUF files.

It does not train, measure or register anything.
"""
