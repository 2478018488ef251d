"""Pleiade: your own OpenAI, on machines you control.

Importing the package costs nothing and knows nothing: every room is imported where it is needed.
"""

__version__ = "0.1.0"
