"""Chats out of what other programs exported: ChatGPT, Open WebUI, and Pleiade itself.

It turns bytes into trees of messages, in the child process that reads files; keeping them is for `keeping.py` alone.
"""
