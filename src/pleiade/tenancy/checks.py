"""Names, addresses and times as people type them: checked once, before anything is stored."""

import re
import secrets
import string

from pleiade.domain import Billing, Role, Storefront
from pleiade.domain.currency import CURRENCIES
from pleiade.tenancy.errors import InvalidError

NAME_LENGTH = 256  # characters
EMAIL_LENGTH = 254  # RFC 5321 §4.5.3.1.3, less the angle brackets
ID_LENGTH = 64
NOTE_LENGTH = 2000
LATEST = 253_402_300_799  # 9999-12-31: the last second that every date library knows

_ALPHABET = string.ascii_letters + string.digits
# Control characters, lone surrogates, and the marks that turn the direction of a line of a table or a log.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# Deliberately loose: only a letter that arrives proves an address.
_EMAIL = re.compile(r"[^\s@\"<>(),:;\\]+@[^\s@\"<>(),:;\\]+")
_EXPLICIT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")


def new_id(prefix: str) -> str:
    """`prefix` and 24 random letters and digits (142 bits), as OpenAI's ids look: "proj_…", "org-…"."""
    return prefix + "".join(secrets.choice(_ALPHABET) for _ in range(24))


def checked_id(wanted: str) -> str:
    """An id that somebody chose for a new thing. Raises InvalidError."""
    if len(wanted) > ID_LENGTH or not _EXPLICIT_ID.fullmatch(wanted):
        raise InvalidError(
            f"the id {wanted[:80]!r} cannot be used: up to {ID_LENGTH} letters, digits, - and _", param="id"
        )
    return wanted


def storable(text: str) -> bool:
    """Whether any id or name could be `text`: PostgreSQL refuses NUL, UTF-8 lone surrogates."""
    return len(text) <= NAME_LENGTH and not _UNPRINTABLE.search(text)


def checked_name(name: str, what: str = "name") -> str:
    """`name` without spaces around it: 1 to 256 characters, any script, no control characters. Raises InvalidError."""
    name = name.strip()
    if not name:
        raise InvalidError(f"the {what} is empty: give it at least one character", param=what)
    if len(name) > NAME_LENGTH:
        raise InvalidError(f"the {what} has {len(name)} characters: shorten it to {NAME_LENGTH}", param=what)
    if found := _UNPRINTABLE.search(name):
        raise InvalidError(f"the {what} holds the control character {found[0]!a}: leave it out", param=what)
    return name


def checked_email(email: str) -> str:
    """An email address in lower case, so that one person is one user. Raises InvalidError."""
    email = email.strip().lower()
    if len(email) > EMAIL_LENGTH or _UNPRINTABLE.search(email) or not _EMAIL.fullmatch(email):
        raise InvalidError(f"{email[:80]!a} is not an email address: write NAME@HOST", param="email")
    return email


def checked_note(note: str) -> str:
    """Free text of up to 2,000 characters; lines may break. Raises InvalidError."""
    if len(note) > NOTE_LENGTH:
        raise InvalidError(f"the note has {len(note)} characters: shorten it to {NOTE_LENGTH}", param="note")
    if _UNPRINTABLE.search(note.replace("\n", "").replace("\r", "").replace("\t", "")):
        raise InvalidError("the note holds control characters: leave them out", param="note")
    return note


def checked_role(role: str) -> Role:
    """A role by its name. Raises InvalidError."""
    try:
        return Role(role)
    except ValueError:
        roles = ", ".join(known.value for known in Role)
        raise InvalidError(f"{role[:80]!a} is not a role: use one of {roles}", param="role") from None


def checked_storefront(storefront: str) -> Storefront:
    """A storefront by its name. Raises InvalidError."""
    try:
        return Storefront(storefront)
    except ValueError:
        known = " or ".join(one.value for one in Storefront)
        raise InvalidError(f"{storefront[:80]!a} is not a storefront: use {known}", param="storefront") from None


def checked_billing(billing: str) -> Billing:
    """A way of billing by its name. Raises InvalidError."""
    try:
        return Billing(billing)
    except ValueError:
        known = ", ".join(one.value for one in Billing)
        raise InvalidError(f"{billing[:80]!a} is no way of billing: use one of {known}", param="billing") from None


def checked_expiry(expires: int, now: float) -> int:
    """Unix seconds in the future, or 0 for never. Raises InvalidError for the past, and for beyond the year 9999."""
    if expires == 0:
        return 0
    if not now < expires <= LATEST:
        raise InvalidError(f"the expiry {expires} is not in the future: give Unix seconds, 0 = never", param="expires")
    return expires


def checked_currency(currency: str) -> str:
    """A code of ISO 4217, in capital letters. Raises InvalidError."""
    if currency not in CURRENCIES:
        raise InvalidError(f"{currency[:20]!a} is not a currency: use its ISO 4217 code, say USD", param="currency")
    return currency
