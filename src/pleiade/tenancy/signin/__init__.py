"""Signing in: Bearer tokens and sign-ins of OpenID issuers, passwords, and the sessions that browsers hold.

This room knows issuers, their keys and what their claims mean here; it does not know HTTP routes, engines or money.
"""
