"""Keeps pictures: room is reserved, bytes are written, the picture is told. A failure costs nobody the picture."""

import asyncio
import hashlib
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from pleiade.gateway.gallery.errand import Errand
from pleiade.gateway.stored.archive import Archive
from pleiade.products.pictures import objects, pictures
from pleiade.products.pictures.files import Look, look
from pleiade.products.pictures.nouns import Blob, Made, Picture, PictureRequest
from pleiade.products.records.errors import InvalidError, NotFoundError
from pleiade.products.records.rows import Owner
from pleiade.settings import Settings
from pleiade.store import StoreError
from pleiade.store.object_storage import Objects, ObjectsError, new_name
from pleiade.store.pictures import PICTURE

logger = logging.getLogger(__name__)

T = TypeVar("T")

_FAILED = "This picture was made, and could not be kept: the server's log says why. Save it, or ask for it again."


class Keeper:
    """The way of bytes into the gallery and out of it. Its methods block: call them in a thread."""

    def __init__(self, settings: Settings, archive: Archive) -> None:
        self._archive = archive
        self._objects = Objects(settings.gallery)
        self._most_bytes = settings.project_files_mb * 1024 * 1024

    def keep_made(self, errand: Errand, data: bytes, item: dict[str, Any], deployment: str, model: str) -> Any:
        """Keep a picture that has just been made; what is told of that in its item: `id`, or `store_error`."""
        try:
            found = look(data)
            made = _made(errand, data, item, found, deployment, model)
            return {"id": self.keep(errand.owner, made, data, errand.request, errand.files).id}
        except (InvalidError, NotFoundError) as error:
            code = getattr(error, "code", None) or "not_found"
            return {"store_error": {"code": code, "message": str(error)}}
        except (ObjectsError, OSError, StoreError, sa.exc.SQLAlchemyError) as error:
            logger.error("a picture goes out and is not kept: %s", error)
            return {"store_error": {"code": "storage_failed", "message": _FAILED}}

    def keep(
        self,
        owner: Owner,
        made: Made,
        data: bytes,
        request: PictureRequest | None = None,
        files: Sequence[tuple[str, bytes]] = (),
    ) -> Picture:
        """Keep `data`, and the `files` that it was made from.

        Raises InvalidError where there is no room, NotFoundError for a parent that is gone, ObjectsError, StoreError.
        """
        blobs = [_blob(PICTURE, made.format, data), *(_blob(name, "bin", file) for name, file in files)]
        reserved = self._write(objects.reserve, owner, blobs, self._most_bytes)
        fresh = [after.object for before, after in zip(blobs, reserved, strict=True) if before.object == after.object]
        try:
            for blob, (_, content) in zip(reserved, [(PICTURE, data), *files], strict=True):
                if blob.object in fresh:
                    self._objects.write(blob.object, content)
            return self._write(_insert, owner, made, request, reserved)
        except BaseException:
            self.forget(fresh)
            raise

    def read(self, name: str) -> bytes | None:
        """The bytes of an object; None where they are gone. Raises ObjectsError."""
        return self._objects.get(name)

    def forget(self, names: Sequence[str]) -> None:
        """Remove the bytes of objects that nothing uses; what cannot be removed now is tried again later."""
        if not names:
            return
        try:
            for name in names:
                self._objects.delete(name)
            self._write(objects.forget, names)
        except (ObjectsError, OSError, StoreError, sa.exc.SQLAlchemyError) as error:
            logger.error("forgotten pictures stay for now: %s", error)

    async def sweep(self) -> None:
        """Remove what somebody who died has left. Raises ApiError."""
        names = await self._archive.read(objects.abandoned)
        await asyncio.to_thread(self.forget, names)

    def _write(self, function: Callable[..., T], *arguments: Any) -> T:
        return self._archive.submit(partial(_later, function, arguments)).result()


def _later(function: Callable[..., T], arguments: tuple[Any, ...], connection: sa.Connection) -> T:
    return function(connection, *arguments)


def _insert(
    connection: sa.Connection, owner: Owner, made: Made, request: PictureRequest | None, blobs: Sequence[Blob]
) -> Picture:
    """The picture, its uses, and in its request the pictures that were sent as files."""
    if request is not None and request.files:
        sent = {blob.name: pictures.with_bytes(connection, owner, blob.sha256) for blob in blobs[1:]}
        known = {name: picture for name, picture in sent.items() if picture}
        request = msgspec.structs.replace(request, pictures=known)
    kept = pictures.insert(connection, owner, made, request)
    objects.use(connection, kept.id, blobs)
    return kept


def _blob(name: str, suffix: str, data: bytes) -> Blob:
    return Blob(name, new_name(suffix), hashlib.sha256(data).hexdigest(), len(data))


def _made(errand: Errand, data: bytes, item: dict[str, Any], found: Look, deployment: str, model: str) -> Made:
    seed = item.get("seed")
    return Made(
        kind=errand.kind,
        deployment=deployment,
        model=model,
        **{name: text.replace("\0", "\ufffd") for name, text in errand.texts.items()},
        revised_prompt=str(item.get("revised_prompt") or "").replace("\0", "\ufffd"),
        seed=seed if isinstance(seed, int) and 0 <= seed < 2**63 else -1,
        width=found.width,
        height=found.height,
        bytes=len(data),
        format=found.format,
        background=str(item.get("background") or ""),
        parent=errand.parent,
        step=errand.step,
        listed=errand.listed,
    )
