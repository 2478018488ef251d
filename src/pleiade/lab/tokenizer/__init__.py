"""Turns text into tokens: a byte-level BPE with Qwen's special tokens and chat template.

It does not know which model reads the tokens, nor where the text comes from beyond an iterator of strings.
"""
