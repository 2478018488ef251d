"""What becomes of made pictures on their way out: signed, and given in the form that was asked for.

By then they are made, and booked. So what fails here costs nobody the picture: it goes out unsigned, or as base64
where a URL was asked for, and the answer's head says so (and the log why).
"""

import base64
import binascii
import logging
import time
from typing import Any

import msgspec

from pleiade.gateway.errors import Header
from pleiade.gateway.gallery.keeper import Keeper
from pleiade.gateway.images.links import Links
from pleiade.gateway.images.wish import Wish
from pleiade.gateway.picture_stream import is_complete
from pleiade.provenance import Claim, Identity, ProvenanceError, format_of, identity, sign
from pleiade.settings import Settings
from pleiade.store.object_storage import Objects, ObjectsError

logger = logging.getLogger(__name__)

UNSIGNED: Header = (b"x-pleiade-provenance", b"none")
NOT_KEPT: Header = (b"x-pleiade-pictures", b"inline")


_ELSEWHERE = {
    "store_error": {
        "code": "picture_elsewhere",
        "message": "The server that made this picture gave a URL of its own: fetch it there, it is not kept here.",
    }
}


class Maker(msgspec.Struct, frozen=True):
    """Who made a picture."""

    deployment: str = ""
    model: str = ""


class Finished(msgspec.Struct, frozen=True):
    """An answer as it goes out."""

    body: bytes
    headers: tuple[Header, ...] = ()
    kept: tuple[str, ...] = ()  # names of the objects that its URLs open


class Finisher:
    """Signs and keeps pictures. Its methods block (about 5 ms a picture, more for a remote store): call in a thread."""

    def __init__(self, settings: Settings, objects: Objects, links: Links, keeper: Keeper) -> None:
        self._home = settings.home_path
        self._signs = settings.provenance
        self._objects = objects
        self._links = links
        self._keeper = keeper
        self._identity: Identity | None = None

    def whole(self, body: bytes, wish: Wish, maker: Maker) -> Finished:
        """A whole answer, signed, in the gallery and by URL where that is wished."""
        if not self._signs and not wish.url and wish.errand is None:
            return Finished(body)
        answer: dict[str, Any] = msgspec.json.decode(body)
        headers: set[Header] = set()
        kept: list[str] = []
        for picture in answer.get("data") or ():
            data = _decoded(picture.get("b64_json"))
            if data is None:  # an upstream's own URL: the client fetches it there
                picture |= {} if wish.errand is None else _ELSEWHERE
                continue
            data = self._signed(data, picture.get("seed"), wish, maker.model, headers)
            if wish.errand is not None:
                told = {"background": answer.get("background"), **picture}
                picture |= self._keeper.keep_made(wish.errand, data, told, maker.deployment, maker.model)
            if wish.url and self._keep(data, wish, picture, kept):
                picture.pop("b64_json")
            else:
                picture["b64_json"] = base64.b64encode(data).decode()
                headers |= {NOT_KEPT} if wish.url else set()
        return Finished(msgspec.json.encode(answer), tuple(headers), tuple(kept))

    def event(self, event: bytes, wish: Wish, maker: Maker) -> bytes:
        """An event of a stream as it goes out: a finished picture is signed and kept, all else passes."""
        line, _, data = event.partition(b"\ndata: ")
        if not (self._signs or wish.errand is not None) or not is_complete(line.decode()):
            return event
        told: dict[str, Any] = msgspec.json.decode(data)
        picture = _decoded(told.get("b64_json"))
        if picture is None:
            return event
        signed = self._signed(picture, told.get("seed"), wish, maker.model, set())
        if wish.errand is not None:
            told |= self._keeper.keep_made(wish.errand, signed, told, maker.deployment, maker.model)
        return line + b"\ndata: " + msgspec.json.encode({**told, "b64_json": base64.b64encode(signed).decode()})

    def _signed(self, data: bytes, seed: Any, wish: Wish, model: str, headers: set[Header]) -> bytes:
        if not self._signs:
            return data
        try:
            self._identity = self._identity or identity(self._home)
            claim = Claim(
                model=model,
                prompt=wish.prompt,
                seed=seed if isinstance(seed, int) else None,
                created=int(time.time()),
                organisation_name=wish.organisation,
                edited=wish.edited,
            )
            return sign(data, format_of(data), claim, self._identity)
        except ProvenanceError as error:
            logger.error("a picture goes out unsigned: %s", error)
            headers.add(UNSIGNED)
            return data

    def _keep(self, data: bytes, wish: Wish, picture: dict[str, Any], kept: list[str]) -> bool:
        """Keep it and put its URL into `picture`; False where that cannot be."""
        expires = int(time.time()) + wish.seconds
        try:
            name = self._objects.put(data, format_of(data) or "bin", expires)
            picture["url"] = self._links.url(wish.base, name, expires)
        except (ObjectsError, OSError) as error:
            logger.error("a picture goes out as base64, for it cannot be kept: %s", error)
            return False
        kept.append(name)
        return True


def _decoded(text: Any) -> bytes | None:
    if not isinstance(text, str):
        return None
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        return None
