"""Chat: conversations as trees of messages, with files, folders, ratings, search, snapshots, import and export.

It knows the store's tables and what a request for an answer says; it does not know who makes that answer, nor HTTP.
"""
