"""`/uploads`: a file announced, its parts taken in any order and again where a connection broke, then put together."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from functools import partial

import msgspec

from pleiade.files import records, uploads
from pleiade.files.contents import Arrival, Contents, most_bytes, too_large
from pleiade.files.errors import InvalidError
from pleiade.files.jsonl import PIECE, JsonlCheck
from pleiade.files.nouns import JSONL_PURPOSES, MB, PART_MB, File, Kept, Upload, UploadPart
from pleiade.files.rules import check_purpose, clean_name, expiry
from pleiade.gateway.call import Call
from pleiade.gateway.desk import Desk, Told, send
from pleiade.gateway.errors import bad_request
from pleiade.gateway.files.receiving import receive
from pleiade.gateway.files.routes import keep_seconds
from pleiade.gateway.files.storing import Stored
from pleiade.gateway.problems import missing
from pleiade.gateway.routing import Route
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.paging import list_object
from pleiade.settings import Settings
from pleiade.store.object_storage import new_name


class KeepFor(msgspec.Struct, frozen=True, kw_only=True):
    """When a file shall go."""

    anchor: str
    seconds: int


class UploadRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What shall arrive."""

    filename: str
    purpose: str
    bytes: int
    mime_type: str = ""
    expires_after: KeepFor | None = None


class CompleteRequest(msgspec.Struct, frozen=True, kw_only=True):
    """In which order the parts are the file, and what its bytes' MD5 is."""

    part_ids: list[str]
    md5: str | None = None


class UploadRoutes:
    """`/uploads` and all under `/uploads/{upload_id}`."""

    def __init__(self, settings: Settings, archive: Archive, contents: Contents) -> None:
        self._archive = archive
        self.desk = Desk(archive)
        self._contents = contents
        self._most = settings.project_uploads_mb * MB
        self._largest = settings.file_mb * MB
        one = "/uploads/{upload_id}"
        post, get = partial(Route, method="POST"), partial(Route, method="GET")
        self.routes: Sequence[Route] = (
            post(path="/uploads", handler=self.create, takes=UploadRequest, gives=Upload),
            get(path=one, handler=self.retrieve, gives=Upload),
            post(path=f"{one}/parts", handler=self.add_part, gives=UploadPart, files=("data",)),
            get(path=f"{one}/parts", handler=self.list_parts),
            post(path=f"{one}/complete", handler=self.complete, takes=CompleteRequest, gives=Upload),
            post(path=f"{one}/cancel", handler=self.cancel, gives=Upload),
        )

    async def create(self, call: Call) -> None:
        """Announce a file. Raises ApiError 400."""
        wanted = await self.desk.body(call, UploadRequest)
        keep = keep_seconds(msgspec.to_builtins(wanted.expires_after))
        with Told():
            purpose, name = check_purpose(wanted.purpose), clean_name(wanted.filename)
        most = most_bytes(purpose, self._largest)
        if most < wanted.bytes <= self._largest:
            with Told():
                raise too_large(most, purpose, param="bytes")
        if not 0 <= wanted.bytes <= self._largest:
            raise bad_request(
                f"Invalid 'bytes': expected an integer from 0 to {self._largest}, but got {wanted.bytes} instead.",
                param="bytes",
                code="invalid_value",
            )
        upload = uploads.new_upload(name, purpose, wanted.bytes, wanted.mime_type[:255])
        await send(call, await self.desk.write(uploads.create, call.principal.project, upload, keep, self._most))

    async def retrieve(self, call: Call) -> None:
        """One upload (ours: OpenAI has no such route). Raises ApiError 404."""
        await send(call, (await self.desk.read(uploads.find, *_named(call))).upload)

    async def list_parts(self, call: Call) -> None:
        """What has arrived (ours): who lost a connection sends the rest. Raises ApiError 404."""
        await send(call, list_object(await self.desk.read(uploads.list_parts, *_named(call)), has_more=False))

    async def add_part(self, call: Call) -> None:
        """Take a part in (form field `data`). Raises ApiError 400, 404, 507 on a full disk."""
        project, upload = _named(call)
        await self.desk.read(uploads.find_pending, project, upload)
        name = new_name("bin")
        with Told(), Stored():
            received = await receive(call, "data", lambda _, __: Arrival(self._contents.objects, name, PART_MB * MB))
            arrival = received.sink
            if not isinstance(arrival, Arrival):
                raise missing("data")
            await asyncio.to_thread(arrival.commit)
            part = UploadPart(
                id=records.new_id("part_"), created_at=int(time.time()), upload_id=upload, bytes=arrival.bytes
            )
            try:
                await send(call, await self.desk.write(uploads.add_part, project, upload, part, name))
            except InvalidError:
                await self._remove([name])
                raise

    async def complete(self, call: Call) -> None:
        """Make a file of the parts. Raises ApiError 400: bytes or MD5 are others than announced, a line is no JSON."""
        wanted = await self.desk.body(call, CompleteRequest)
        project, upload = _named(call)
        found, parts = await self.desk.read(uploads.chosen_parts, project, upload, wanted.part_ids)
        at = int(time.time())
        file = File(
            id=records.new_id(),
            bytes=found.upload.bytes,
            created_at=at,
            expires_at=expiry(found.upload.purpose, at, found.keep) or None,
            filename=found.upload.filename,
            purpose=found.upload.purpose,
        )
        kept = Kept(file=file, project=project, objects=tuple(part.object for part in parts))
        with Told(), Stored():
            digest = await asyncio.to_thread(self._read_through, kept, wanted.md5)
        kept = msgspec.structs.replace(kept, file=msgspec.structs.replace(file, sha256=digest))
        spare = await self.desk.write(uploads.complete, kept, upload)
        await self._remove(spare)
        await send(call, msgspec.structs.replace(found.upload, status="completed", file=kept.file))

    async def cancel(self, call: Call) -> None:
        """Take no more parts, and forget those that came. Raises ApiError 400, 404."""
        upload, objects = await self.desk.write(uploads.cancel, *_named(call))
        await self._remove(objects)
        await self._archive.write(partial(uploads.clear, upload=upload.id))
        await send(call, upload)

    async def sweep(self) -> None:
        """Forget the parts of uploads that are over. Raises ApiError."""
        for upload in await self._archive.read(uploads.over):
            await self._remove(await self._archive.read(partial(uploads.objects_of, upload=upload)))
            await self._archive.write(partial(uploads.clear, upload=upload))
        await self._archive.write(uploads.forget_old)

    def _read_through(self, kept: Kept, md5: str | None) -> str:
        """The SHA-256 of a file in parts, once its MD5 and its lines are as they should be."""
        check = JsonlCheck() if kept.file.purpose in JSONL_PURPOSES else None
        sha256, other = hashlib.sha256(), hashlib.md5(usedforsecurity=False)
        with self._contents.open(kept) as stream:
            while data := stream.read(PIECE):
                sha256.update(data)
                if md5:
                    other.update(data)
                if check is not None:
                    check.feed(data)
        if md5 and other.hexdigest() != md5.strip().lower():
            raise InvalidError(
                f"The MD5 of the parts in this order is {other.hexdigest()}, and not {md5[:64]}: check their order, "
                "and send again what was damaged on its way.",
                param="md5",
                code="checksum_mismatch",
            )
        if check is not None:
            check.close()
        return sha256.hexdigest()

    async def _remove(self, objects: Sequence[str]) -> None:
        with Stored():
            await asyncio.to_thread(self._contents.remove, objects)


def _named(call: Call) -> tuple[str, str]:
    return call.principal.project, call.params["upload_id"]
