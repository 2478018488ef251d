"""`/files`: taken in as they come, listed, given out, deleted."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from typing import Any
from urllib.parse import quote

from pleiade.files import records
from pleiade.files.contents import Arrival, Contents
from pleiade.files.jsonl import PIECE
from pleiade.files.nouns import JSONL_PURPOSES, MB, File, FileDeleted, Kept
from pleiade.files.records import Listing
from pleiade.files.rules import check_keep, check_purpose, clean_name, expiry
from pleiade.gateway.call import Call
from pleiade.gateway.desk import Desk, Told, asked_for, send
from pleiade.gateway.errors import Header, bad_request
from pleiade.gateway.files.receiving import Received, receive
from pleiade.gateway.files.storing import Stored
from pleiade.gateway.problems import missing, wrong_type
from pleiade.gateway.routing import Route
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.paging import list_object, lost_cursor, parse_page
from pleiade.settings import Settings
from pleiade.store.object_storage import new_name

_KEEP = ("expires_after[anchor]", "expires_after[seconds]")
# A stranger's bytes are saved by browsers, never shown.
_INERT = ((b"content-security-policy", b"default-src 'none'; sandbox"),)


class FileRoutes:
    """`/files`, `/files/{file_id}` and its content."""

    def __init__(self, settings: Settings, archive: Archive, contents: Contents) -> None:
        self._archive = archive
        self._desk = Desk(archive)
        self._contents = contents
        self._most = settings.project_uploads_mb * MB
        self._largest = settings.file_mb * MB
        one = "/files/{file_id}"
        get = partial(Route, method="GET")
        self.routes: Sequence[Route] = (
            Route(method="POST", path="/files", handler=self.add, gives=File, files=("file",)),
            get(path="/files", handler=self.list_page, query=("purpose", "limit", "order", "after")),
            get(path=one, handler=self.retrieve, gives=File),
            Route(method="DELETE", path=one, handler=self.delete, gives=FileDeleted),
            get(path=f"{one}/content", handler=self.fetch),
        )

    async def add(self, call: Call) -> None:
        """Take a file in. Raises ApiError 400, also with the number of a line that is no JSON; 507 on a full disk."""
        project, identifier, name = call.principal.project, records.new_id(), new_name("bin")
        announced = _announced(call)
        if announced > self._largest + MB:
            announced = self._largest  # it is refused where it is too large, by what it says
        await self._desk.write(records.reserve, project, identifier, name, announced, self._most)
        kept = False
        try:
            with Told(), Stored():
                received = await receive(call, "file", partial(self._open, name))
                kept = True
                file = await self._finish(project, identifier, received)
        except BaseException:
            await asyncio.shield(self._undo(identifier, [name] if kept else []))
            raise
        await send(call, file, *created(call, f"/files/{identifier}"))

    async def list_page(self, call: Call) -> None:
        """The project's files, newest first. Raises ApiError 400."""
        page = parse_page(call.query, descending=True, default=records.LONGEST_LIST, most=records.LONGEST_LIST)
        purpose = asked_for(call, "purpose") or ""
        wanted = Listing(limit=page.limit, after=page.after, descending=page.descending, purpose=purpose[:40])
        found = await self._desk.read(records.list_page, call.principal.project, wanted)
        if found is None:
            raise lost_cursor(page.after)
        data, more = found
        await send(call, list_object(data, has_more=more))

    async def retrieve(self, call: Call) -> None:
        """One file. Raises ApiError 404."""
        await send(call, (await self._find(call)).file)

    async def delete(self, call: Call) -> None:
        """Delete a file and its bytes. Raises ApiError 404."""
        gone = await self._desk.write(records.delete, call.principal.project, call.params["file_id"])
        with Stored():
            await asyncio.to_thread(self._contents.remove, gone.objects)
        await self._archive.write(partial(records.forget, identifiers=[gone.file.id]))
        await send(call, FileDeleted(id=gone.file.id))

    async def fetch(self, call: Call) -> None:
        """A file's bytes, as they were sent. Raises ApiError 404."""
        kept = await self._find(call)
        with Stored():
            stream = await asyncio.to_thread(self._contents.open, kept)
            try:
                data = await asyncio.to_thread(stream.read, PIECE)  # before the head: a store that fails can say so
                call.status = 200
                patience_s = call.deadline - call.started_at
                await call.answer.begin(200, _download_headers(kept), b"application/octet-stream")
                while data:
                    await call.answer.write(data)
                    call.deadline = time.perf_counter() + patience_s
                    data = await asyncio.to_thread(stream.read, PIECE)
                await call.answer.end()
            finally:
                await asyncio.to_thread(stream.close)

    async def sweep(self) -> None:
        """Remove what is deleted, has expired, or died on its way. Raises ApiError."""
        gone = await self._archive.read(records.doomed)
        if gone:
            with Stored():
                await asyncio.to_thread(self._contents.remove, [name for _, names in gone for name in names])
            await self._archive.write(partial(records.forget, identifiers=[identifier for identifier, _ in gone]))

    async def _find(self, call: Call) -> Kept:
        return await self._desk.read(records.find, call.principal.project, call.params["file_id"])

    def _open(self, name: str, filename: str, texts: dict[str, str]) -> Arrival:
        """The place for a file, once all is well that was said before it. Raises InvalidError, ObjectsError."""
        clean_name(filename)
        purpose = texts.get("purpose")
        if purpose is not None:
            check_purpose(purpose)
        return Arrival(self._contents.objects, name, self._largest, purpose=purpose)

    async def _finish(self, project: str, identifier: str, received: Received) -> File:
        """The file as it is kept. Raises InvalidError, ObjectsError."""
        arrival = received.sink
        if not isinstance(arrival, Arrival) or received.filename is None:
            raise missing("file")
        try:
            purpose = check_purpose(received.texts.get("purpose"))
            keep = _keep_of(received.texts)
            if purpose in JSONL_PURPOSES and not arrival.checked:
                raise bad_request(
                    "Send the field 'purpose' before the field 'file', so that its lines can be checked as they come.",
                    param="purpose",
                )
        except BaseException:
            await asyncio.to_thread(arrival.discard)
            raise
        await asyncio.to_thread(arrival.commit)
        at = int(time.time())
        file = File(
            id=identifier,
            bytes=arrival.bytes,
            created_at=at,
            expires_at=expiry(purpose, at, keep) or None,
            filename=clean_name(received.filename),
            purpose=purpose,
            sha256=arrival.sha256.hexdigest(),
        )
        kept = Kept(file=file, project=project, objects=(arrival.name,))
        await self._desk.write(records.finish, kept, self._most)
        return file

    async def _undo(self, identifier: str, objects: list[str]) -> None:
        """Nothing stays of a file that could not be taken."""
        with Stored():
            await asyncio.to_thread(self._contents.remove, objects)
        await self._archive.write(partial(records.forget, identifiers=[identifier]))


def created(call: Call, path: str) -> tuple[int, tuple[Header, ...]]:
    """Status and headers of an answer that something was created: Azure's dated surface says 201, and where."""
    if call.dialect.name != "azure" or not call.api_version or call.path.startswith("/openai/v1/"):
        return 200, ()
    host = call.headers.get(b"host", b"")
    scheme = call.headers.get(b"x-forwarded-proto", call.scope.get("scheme", "http").encode())
    location = scheme + b"://" + host + f"/openai{path}?api-version={call.api_version}".encode()
    return 201, ((b"location", location),) if host else ()


def keep_seconds(value: Any, param: str = "expires_after") -> int:
    """The seconds of an `expires_after` of a JSON body; 0 where it is absent. Raises ApiError 400."""
    if value is None:
        return 0
    if not isinstance(value, dict):
        raise wrong_type(param, "an object", value)
    anchor, seconds = value.get("anchor"), value.get("seconds")
    if not isinstance(anchor, str):
        raise missing(f"{param}.anchor") if anchor is None else wrong_type(f"{param}.anchor", "a string", anchor)
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise (
            missing(f"{param}.seconds") if seconds is None else wrong_type(f"{param}.seconds", "an integer", seconds)
        )
    with Told():
        return check_keep(anchor, seconds, param)


def _keep_of(texts: dict[str, str]) -> int:
    anchor, seconds = (texts.get(name) for name in _KEEP)
    if anchor is None and seconds is None:
        return 0
    number = int(seconds) if seconds is not None and seconds.isascii() and seconds.isdecimal() else seconds
    return keep_seconds({"anchor": anchor, "seconds": number})


def _announced(call: Call) -> int:
    """Bytes of the request's body, as far as it tells."""
    length = call.headers.get(b"content-length", b"")
    return int(length) if length.isdigit() and len(length) < 16 else 0


def _download_headers(kept: Kept) -> tuple[Header, ...]:
    disposition = f"attachment; filename*=UTF-8''{quote(kept.file.filename, safe='')}"
    return (
        *_INERT,
        (b"content-length", b"%d" % kept.file.bytes),
        (b"content-disposition", disposition.encode()),
        (b"etag", f'"{kept.file.sha256}"'.encode()),
    )
