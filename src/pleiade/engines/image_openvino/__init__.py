"""The embedded picture engine: a rectified-flow transformer on the bare OpenVINO runtime, batched across requests.

It turns prompts, pictures and masks into pictures; it knows nothing of keys, customers, or where pictures are kept.
"""
