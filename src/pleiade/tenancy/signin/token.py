"""Is this token what it says it is? Signature, issuer, audience, times: nothing else, and no database."""

import time
from collections.abc import Mapping
from typing import Any

import jwt
import msgspec

from pleiade.tenancy.signin.issuer import Issuer
from pleiade.tenancy.signin.key_set import KeySet

LEEWAY_S = 60  # clocks differ
PROVEN_S = 24 * 3600  # a token is proven again after this long, however long it lives
MAX_LENGTH = 16 * 1024  # bytes; Entra's largest tokens have about 6 KB


class TokenRefusedError(Exception):
    """A token is not taken; the message says why, in words fit for its bearer."""


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """A token that was proven."""

    issuer: Issuer
    subject: str
    expires: float  # Unix seconds, leeway included
    claims: dict[str, Any]


def looks_like_token(secret: bytes) -> bool:
    """Whether a credential has the shape of a signed token: three parts with dots between them."""
    return secret.count(b".") == 2


async def verify_bearer(token: bytes, issuers: Mapping[str, tuple[Issuer, KeySet]]) -> Verified:
    """A Bearer token of one of `issuers` (by `iss`). Raises TokenRefusedError."""
    if len(token) > MAX_LENGTH:
        raise TokenRefusedError("the token is too long")
    found = issuers.get(_claimed_issuer(token))
    if found is None or not found[0].audiences:
        raise TokenRefusedError("its issuer is not known here")
    issuer, keys = found
    return await verify(token, issuer, keys, issuer.audiences)


async def verify(token: bytes, issuer: Issuer, keys: KeySet, audiences: tuple[str, ...]) -> Verified:
    """`token` as `issuer` must have made it for one of `audiences`. Raises TokenRefusedError."""
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise TokenRefusedError("it cannot be read") from error
    algorithm = header.get("alg")
    if not isinstance(algorithm, str) or algorithm not in issuer.algorithms:
        raise TokenRefusedError(f"its algorithm {str(algorithm)[:20]!r} is not taken")
    if "crit" in header:
        raise TokenRefusedError("it demands extensions that are unknown here")
    key = await keys.find(header.get("kid"), algorithm)
    if key is None:
        raise TokenRefusedError("its issuer has no such key")
    try:
        claims = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=audiences,
            issuer=issuer.issuer,
            leeway=LEEWAY_S,
            options={"require": ["exp", "iss", "aud", "sub"]},
        )
    except jwt.ExpiredSignatureError as error:
        raise TokenRefusedError("it has expired") from error
    except jwt.ImmatureSignatureError as error:
        raise TokenRefusedError("it is not valid yet") from error
    except jwt.InvalidAudienceError as error:
        raise TokenRefusedError("its audience is another one") from error
    except jwt.InvalidIssuerError as error:
        raise TokenRefusedError("its issuer is another one") from error
    except jwt.MissingRequiredClaimError as error:
        raise TokenRefusedError(f"it lacks the claim {error.claim}") from error
    except (jwt.InvalidTokenError, OverflowError, ValueError) as error:
        raise TokenRefusedError("its signature or content is wrong") from error
    expires = min(int(claims["exp"]) + LEEWAY_S, time.time() + PROVEN_S)
    return Verified(issuer=issuer, subject=claims["sub"], expires=expires, claims=claims)


def _claimed_issuer(token: bytes) -> str:
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
    except (jwt.InvalidTokenError, ValueError, RecursionError) as error:
        raise TokenRefusedError("it cannot be read") from error
    return str(claims.get("iss", ""))
