"""OpenAI's picture routes on the wire: JSON and multipart in, checked requests out, and answers and stream events back.

It knows fields, limits and OpenAI's wording; it never opens a picture and knows nothing of models.
"""
