"""The language model: a Qwen3-style decoder, its shape and its cost.

It does not know text, files, optimizers or losses; tokens go in, logits come out.
"""
