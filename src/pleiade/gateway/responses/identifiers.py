"""Identifiers as the Responses API shows them: a prefix that tells the kind, and 48 random hex digits."""

import secrets


def new_id(prefix: str) -> str:
    """A fresh identifier such as "resp_…" or "msg_…": 192 random bits, never guessed or repeated."""
    return f"{prefix}_{secrets.token_hex(24)}"
