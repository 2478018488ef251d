"""Calls that the house makes on somebody's behalf: its runner shows a token of ours, and says for whom it acts."""

import base64
import binascii
import hmac
from typing import TYPE_CHECKING

import msgspec

from pleiade.domain import Principal
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError, bad_request

if TYPE_CHECKING:
    from pleiade.gateway.keys import KeyRing

ACTS_FOR = b"x-pleiade-acts-for"
LINE = b"x-pleiade-batch-line"


class BatchLine:
    """Which line of which batch a call answers."""

    __slots__ = ("again", "batch", "number")

    def __init__(self, batch: str, number: int, *, again: bool) -> None:
        self.batch = batch
        self.number = number
        self.again = again  # somebody may have asked for it before


class House:
    """Who shows `token` acts for others."""

    def __init__(self, token: str, keys: "KeyRing") -> None:
        self._token = token.encode()
        self._keys = keys

    def shows(self, secret: bytes) -> bool:
        """Whether that is our token."""
        return bool(self._token) and hmac.compare_digest(secret, self._token)

    def act(self, call: Call) -> Principal:
        """For whom the call is made, as their key has it now. Raises ApiError: 401 where it opens nothing any more."""
        call.line = _line(call.headers.get(LINE, b""))
        try:
            named = msgspec.json.decode(base64.urlsafe_b64decode(call.headers.get(ACTS_FOR, b"")), type=Principal)
        except (msgspec.DecodeError, binascii.Error, ValueError) as error:
            raise bad_request("A call on somebody's behalf must say on whose.") from error
        if not named.key:
            return named  # somebody who was signed in
        present = self._keys.find_by_id(named.key)
        if present is None:
            raise ApiError(
                401,
                "The key that asked for this has been revoked or has expired. Ask again with one that is in force.",
                code="invalid_api_key",
            )
        return present


def _line(text: bytes) -> BatchLine | None:
    if not text:
        return None
    batch, number, attempt = text.decode("latin-1").split("/")
    return BatchLine(batch, int(number), again=int(attempt) > 1)
