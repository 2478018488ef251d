"""URLs that open one picture for a while, for whoever has them: no key, but a signature that only we can make."""

import hashlib
import hmac
import os
import secrets
from pathlib import Path
from urllib.parse import urlencode

PATH = "/v1/images/files/"


class Links:
    """Signs with the secret in HOME/pictures.key, made at first use."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._secret = b""

    def url(self, base: str, name: str, expires: int) -> str:
        """The URL of the object `name`, good until `expires` (Unix seconds). May block; raises OSError."""
        query = urlencode({"expires": expires, "signature": self._signature(name, str(expires))})
        return f"{base}{PATH}{name}?{query}"

    def is_good(self, name: str, expires: str, signature: str) -> bool:
        """Whether we signed that; whether it has expired is another question. May block; raises OSError."""
        return hmac.compare_digest(self._signature(name, expires).encode(), signature.encode())

    def _signature(self, name: str, expires: str) -> str:
        self._secret = self._secret or secret_of(self._home)
        return hmac.new(self._secret, f"{name}\n{expires}".encode(), hashlib.sha256).hexdigest()


def secret_of(home: Path) -> bytes:
    """The home's secret for URLs, one for all its gateways, whichever asks first. Raises OSError."""
    path = home / "pictures.key"
    if not path.exists():
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        trial = home / f".pictures-{secrets.token_hex(4)}"
        descriptor = os.open(trial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(secrets.token_hex(32).encode())
        try:
            os.link(trial, path)  # unlike a rename, it never replaces the one that another gateway has just made
        except FileExistsError:
            pass
        finally:
            trial.unlink()
    return path.read_bytes()
