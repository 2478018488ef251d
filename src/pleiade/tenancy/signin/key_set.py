"""An issuer's public keys: fetched beside the calls, kept, and fetched again when a key appears that we lack."""

import asyncio
import logging
import time
from collections.abc import Callable
from typing import Any

import jwt
from jwt.algorithms import AllowedPublicKeys, ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from pleiade.tenancy.signin.issuer import Issuer, IssuerError, check_url
from pleiade.tenancy.signin.web import UnreachableError, Web

logger = logging.getLogger(__name__)

MAX_AGE_S = 3600.0  # keys are fetched again after this long, so that one taken back is not believed for ever
ASK_AGAIN_S = 30.0  # an unknown key id makes us ask, but not more often than this

_FAMILIES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}  # first letters of an algorithm -> key type
_CURVES = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}
MIN_RSA_BITS = 2048

Description = dict[str, Any]  # the issuer's openid-configuration


class KeySet:
    """The keys of one issuer, and its own description of where things are."""

    def __init__(self, issuer: Issuer, web: Web, clock: Callable[[], float] = time.monotonic) -> None:
        self._issuer = issuer
        self._web = web
        self._clock = clock
        self._description: Description | None = None
        self._keys: list[dict[str, Any]] = []
        self._fetched_at = float("-inf")  # of the last success
        self._asked_at = float("-inf")  # of the last attempt
        self._fetching: asyncio.Task[None] | None = None

    async def find(self, kid: str | None, algorithm: str) -> AllowedPublicKeys | None:
        """The key for a token's header; asks the issuer again for one that it may have begun to use just now."""
        key = self._kept(kid, algorithm)
        now = self._clock()
        if key is None and now - self._asked_at >= ASK_AGAIN_S:
            await self.refresh()
            key = self._kept(kid, algorithm)
        elif key is not None and now - self._fetched_at >= MAX_AGE_S and now - self._asked_at >= ASK_AGAIN_S:
            self._start()  # the call goes on with the keys that we have
        elif key is None and self._fetching is not None:
            await self.refresh()
            key = self._kept(kid, algorithm)
        return key

    async def refresh(self) -> None:
        """Ask now, together with whoever else asks; a failure is logged, and the keys read last stay in force."""
        await asyncio.shield(self._start())

    async def description(self) -> Description:
        """The issuer's openid-configuration. Raises UnreachableError, IssuerError."""
        if self._description is None:
            found = await self._web.get(self._issuer.configuration_url)
            if found.get("issuer") != self._issuer.issuer:
                raise IssuerError(
                    f"{self._issuer.configuration_url} describes the issuer {str(found.get('issuer'))[:200]!r}, "
                    f"not {self._issuer.issuer!r}: write the one that its tokens carry"
                )
            self._description = found
        return self._description

    async def stop(self) -> None:
        """Stop fetching."""
        if self._fetching is not None:
            self._fetching.cancel()
            await asyncio.gather(self._fetching, return_exceptions=True)

    def _start(self) -> "asyncio.Task[None]":
        if self._fetching is None:
            self._asked_at = self._clock()
            self._fetching = asyncio.create_task(self._fetch())
        return self._fetching

    async def _fetch(self) -> None:
        try:
            description = await self.description()
            url = str(description.get("jwks_uri", ""))
            check_url(url)
            keys = (await self._web.get(url)).get("keys")
            if not isinstance(keys, list):
                raise UnreachableError(f"{url} holds no list of keys")
            self._keys = [key for key in keys if isinstance(key, dict)]
            self._fetched_at = self._clock()
        except (UnreachableError, IssuerError) as error:
            logger.warning("keys of %s: %s", self._issuer.issuer, error)
        finally:
            self._fetching = None

    def _kept(self, kid: str | None, algorithm: str) -> AllowedPublicKeys | None:
        """The one key that fits; without a key id only where there is no other."""
        fitting = [key for key in self._keys if _fits(key, algorithm) and (kid is None or key.get("kid") == kid)]
        if len(fitting) != 1:
            return None
        try:
            return _load(fitting[0], algorithm)
        except (jwt.InvalidKeyError, ValueError, TypeError) as error:
            logger.warning("a key of %s cannot be read: %s", self._issuer.issuer, error)
            return None


def _fits(key: dict[str, Any], algorithm: str) -> bool:
    """Whether a JSON Web Key may check a signature made with `algorithm`."""
    return (
        key.get("kty") == _FAMILIES[algorithm[:2]]
        and key.get("use", "sig") == "sig"
        and key.get("alg", algorithm) == algorithm
        and ("key_ops" not in key or "verify" in key["key_ops"])
        and (algorithm not in _CURVES or key.get("crv") == _CURVES[algorithm])
    )


def _load(key: dict[str, Any], algorithm: str) -> AllowedPublicKeys:
    """The public key itself. Raises InvalidKeyError, ValueError."""
    match algorithm[:2]:
        case "ES":
            loaded: Any = ECAlgorithm.from_jwk(key)
        case "Ed":
            loaded = OKPAlgorithm.from_jwk(key)
        case _:
            loaded = RSAAlgorithm.from_jwk(key)
            if loaded.key_size < MIN_RSA_BITS:
                raise jwt.InvalidKeyError(f"an RSA key of {loaded.key_size} bits is too short")
    if hasattr(loaded, "private_bytes"):
        raise jwt.InvalidKeyError("it is a private key, which nobody may publish")
    return loaded  # type: ignore[no-any-return]
