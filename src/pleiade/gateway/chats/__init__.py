"""The routes of Chat: conversations, files, folders, search, shared snapshots, import and export, over HTTP.

It knows the records and rules of `products.chat` and asks the room of responses for answers; it knows no engine.
"""
