"""The lab trains models: text in, tokenizer, weights, export and card out.

It is the only room that imports torch, and it knows nothing of customers, keys, gateways or engines.
"""
