"""The HTTP surface that our engine workers share: OpenAI's dialect, health, metrics and drain on plain ASGI.

It knows bytes, requests and streams; it knows nothing of tensors, models or who the caller is.
"""
