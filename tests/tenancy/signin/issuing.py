"""An OpenID issuer on loopback that signs what it is told to, and the tokens that an attacker would try."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, RSAAlgorithm

AUDIENCE = "https://cognitiveservices.azure.com"


class SigningKey:
    """A private key with its id; RSA or EC by its algorithm."""

    def __init__(self, kid: str, algorithm: str = "RS256") -> None:
        self.kid, self.algorithm = kid, algorithm
        self.private: Any = (
            ec.generate_private_key(ec.SECP256R1())
            if algorithm.startswith("ES")
            else rsa.generate_private_key(public_exponent=65537, key_size=2048)
        )

    @property
    def public_jwk(self) -> dict[str, Any]:
        """As a key set tells it."""
        kind = ECAlgorithm if self.algorithm.startswith("ES") else RSAAlgorithm
        return {**json.loads(kind.to_jwk(self.private.public_key())), "kid": self.kid, "use": "sig"}

    @property
    def public_pem(self) -> bytes:
        """What an attacker signs with, hoping that it is taken for a shared secret."""
        return self.private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


class TestIssuer:
    """Serves a configuration and a key set; counts how often it was asked."""

    __test__ = False

    def __init__(self) -> None:
        self.keys = [SigningKey("first")]
        self.asked = 0
        self.broken = False
        self.url = ""
        self._runner: web.AppRunner | None = None

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.router.add_get("/.well-known/openid-configuration", self._configuration)
        app.router.add_get("/keys", self._keys)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Stop listening."""
        if self._runner is not None:
            await self._runner.cleanup()

    async def _configuration(self, _: web.Request) -> web.Response:
        return web.json_response({"issuer": self.url, "jwks_uri": f"{self.url}/keys"})

    async def _keys(self, _: web.Request) -> web.Response:
        self.asked += 1
        await asyncio.sleep(0)
        if self.broken:
            return web.Response(status=500)
        return web.json_response({"keys": [key.public_jwk for key in self.keys]})

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Good claims, with changes; None leaves a claim out."""
        now = int(time.time())
        good = {"iss": self.url, "aud": AUDIENCE, "sub": "alice", "iat": now, "nbf": now, "exp": now + 300}
        return {name: value for name, value in (good | changes).items() if value is not None}

    def token(self, key: SigningKey | None = None, headers: dict[str, Any] | None = None, **changes: Any) -> bytes:
        """A signed token."""
        key = key or self.keys[0]
        head = {"kid": key.kid, **(headers or {})}
        return jwt.encode(self.claims(**changes), key.private, algorithm=key.algorithm, headers=head).encode()

    def unsigned(self, **changes: Any) -> bytes:
        """`alg: none`."""
        return jwt.encode(self.claims(**changes), None, algorithm="none", headers={"kid": "first"}).encode()

    def confused(self, **changes: Any) -> bytes:
        """HS256 with the public key as the secret."""
        head = {"alg": "HS256", "typ": "JWT", "kid": self.keys[0].kid}
        signed = b".".join(_part(json.dumps(part).encode()) for part in (head, self.claims(**changes)))
        return signed + b"." + _part(hmac.new(self.keys[0].public_pem, signed, hashlib.sha256).digest())


def forged(token: bytes) -> bytes:
    """The same token with another subject, and the old signature."""
    head, body, signature = token.split(b".")
    claims = json.loads(base64.urlsafe_b64decode(body + b"=="))
    return b".".join((head, _part(json.dumps(claims | {"sub": "mallory"}).encode()), signature))


def _part(data: bytes) -> bytes:
    return base64.urlsafe_b64encode(data).rstrip(b"=")
