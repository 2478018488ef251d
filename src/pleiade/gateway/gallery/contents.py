"""A kept picture's bytes as they are asked for: as made, in another format, or small; and what its signature says."""

import logging
import threading
from collections import OrderedDict
from typing import Any

import msgspec

from pleiade.gateway.errors import ApiError, Header, bad_request
from pleiade.gateway.gallery.keeper import Keeper
from pleiade.gateway.images.finishing import UNSIGNED
from pleiade.products.pictures.files import converted
from pleiade.products.pictures.nouns import Picture
from pleiade.provenance import FORMATS, Claim, ProvenanceError, identity, sign, verify
from pleiade.provenance.identity import FOLDER
from pleiade.settings import Settings
from pleiade.store.object_storage import ObjectsError

logger = logging.getLogger(__name__)

_CACHE_BYTES = 32 * 1024 * 1024  # of one gateway: about 3,000 thumbnails


class Content(msgspec.Struct, frozen=True):
    """A file to give out."""

    data: bytes
    type: str
    headers: tuple[Header, ...] = ()


class Contents:
    """Its methods block: call them in a thread."""

    def __init__(self, settings: Settings, keeper: Keeper) -> None:
        self._home = settings.home_path
        self._signs = settings.provenance
        self._keeper = keeper
        self._small: OrderedDict[tuple[str, str, int], Content] = OrderedDict()
        self._small_bytes = 0
        self._lock = threading.Lock()

    def give(self, picture: Picture, name: str, format: str, width: int) -> Content:
        """The picture in `format` ("" = as made, or WebP where it is smaller), at most `width` wide. ApiError."""
        wanted = format or picture.format
        if picture.format == "svg" or (wanted == picture.format and not 0 < width < picture.width):
            if wanted == picture.format:
                return Content(self._bytes(name), FORMATS[wanted])
            raise bad_request(
                "This picture was made as SVG and is given as such only: ask for another 'output_format' when it is "
                "made.",
                param="format",
                code="invalid_value",
            )
        if wanted == "svg":
            raise bad_request(
                "This picture was not made as SVG: ask for 'output_format' svg when it is made.",
                param="format",
                code="invalid_value",
            )
        return self._converted(picture, name, format, width)

    def report(self, name: str) -> dict[str, Any]:
        """What `pleiade image verify --json` says of the picture as it was made. Raises ApiError."""
        report = verify(self._bytes(name), self._trusted())
        return {"good": report.good, **msgspec.to_builtins(report)}

    def _converted(self, picture: Picture, name: str, format: str, width: int) -> Content:
        key = (name, format, width)
        with self._lock:
            known = self._small.get(key)
            if known is not None:
                self._small.move_to_end(key)
                return known
        original = self._bytes(name)
        wanted = format or "webp"
        data = converted(original, wanted, width)
        headers: tuple[Header, ...] = (UNSIGNED,)
        # A preview carries no signature: it would be half of it.
        if format and (signed := self._signed(picture, original, data, format, width)):
            data, headers = signed, ()
        made = Content(data, FORMATS[wanted], headers)
        if width:
            self._remember(key, made)
        return made

    def _signed(self, picture: Picture, original: bytes, data: bytes, format: str, width: int) -> bytes | None:
        """The converted file with what this installation said of the original, if it did. None where it did not."""
        if not self._signs:
            return None
        report = verify(original, self._trusted())
        if not (report.good and report.ours and report.claim):
            return None
        done = [f"{picture.format} to {format}"] if format != picture.format else []
        done += [f"{min(width, picture.width)} pixels wide"] if 0 < width < picture.width else []
        claim: Claim = msgspec.structs.replace(report.claim, converted=", ".join(done))
        try:
            return sign(data, format, claim, identity(self._home), original)
        except ProvenanceError as error:
            logger.error("a converted picture goes out unsigned: %s", error)
            return None

    def _trusted(self) -> list[str]:
        try:
            return [identity(self._home).root] if (self._home / FOLDER).is_dir() else []
        except ProvenanceError as error:
            logger.error("our own signatures cannot be recognised: %s", error)
            return []

    def _bytes(self, name: str) -> bytes:
        try:
            data = self._keeper.read(name)
        except (ObjectsError, OSError) as error:
            logger.error("a picture cannot be given out: %s", error)
            raise ApiError(
                500, "This picture cannot be read now; the server's log says why.", type="server_error"
            ) from error
        if data is None:
            raise ApiError(404, "The bytes of this picture are gone; what made it is still told.", code="not_found")
        return data

    def _remember(self, key: tuple[str, str, int], made: Content) -> None:
        with self._lock:
            if key not in self._small:
                self._small[key] = made
                self._small_bytes += len(made.data)
            while self._small_bytes > _CACHE_BYTES and len(self._small) > 1:
                self._small_bytes -= len(self._small.popitem(last=False)[1].data)
