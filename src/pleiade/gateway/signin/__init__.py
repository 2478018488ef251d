"""Signing in over HTTP: signed tokens and session cookies as credentials, and the routes under /auth.

This room knows how a credential travels; it does not know what a caller may do, nor any model.
"""
