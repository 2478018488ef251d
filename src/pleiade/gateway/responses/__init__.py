"""OpenAI's Responses API by translation: a response is a chat completion in other clothes, kept and chained.

It knows the chat dialect and the archive, and nothing of engines, tensors, prices or how a chat call travels.
"""
