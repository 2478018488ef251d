"""The routes of files and of uploads in parts: forms taken in as they come, bytes given out as they are read.

It knows no table: `pleiade.files` keeps them.
"""
