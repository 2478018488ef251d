"""What an issuer's claims mean here: pure, so that a rule can be tried before it is in force."""

from collections.abc import Mapping
from typing import Any

from pleiade.tenancy.signin.issuer import Issuer, Rule


def matching_rule(issuer: Issuer, claims: Mapping[str, Any]) -> Rule | None:
    """The first rule of `issuer` that fits `claims`."""
    return next((rule for rule in issuer.rules if _fits(rule, claims)), None)


def verified_email(issuer: Issuer, claims: Mapping[str, Any]) -> str:
    """The e-mail address that these claims prove, in lower case; "" if they prove none.

    An unverified address is anybody's to claim: linking by it would hand accounts away.
    """
    email = claims.get("email")
    if not isinstance(email, str) or "@" not in email:
        return ""
    proven = issuer.trust_email or claims.get("email_verified") in (True, "true")
    return email.lower() if proven else ""


def _fits(rule: Rule, claims: Mapping[str, Any]) -> bool:
    value = claims.get(rule.claim)
    if isinstance(value, str):
        values = {value, *value.split(" ")}  # `scp` and `scope` hold words
    elif isinstance(value, list):
        values = {item for item in value if isinstance(item, str)}
    else:
        return False
    return bool(values) if rule.value == "*" else rule.value in values
