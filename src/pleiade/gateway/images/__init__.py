"""The routes that make pictures, in both dialects, what becomes of a picture on its way out, and Azure's operations.

It does not know how a picture is made: the request goes to an engine as it came, through the same stages as a chat.
"""
