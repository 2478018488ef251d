"""The routes of import and export."""

import asyncio
import logging
import zipfile
from collections.abc import AsyncIterator, Sequence

import msgspec
import sqlalchemy as sa

from pleiade.gateway.body import read_body
from pleiade.gateway.call import Call
from pleiade.gateway.chats.conversations import read_thread
from pleiade.gateway.chats.files import Files, file_of, read_form
from pleiade.gateway.desk import Desk, asked_for, owner_of, send
from pleiade.gateway.errors import bad_request
from pleiade.gateway.form import is_form
from pleiade.gateway.problems import wrong_value
from pleiade.gateway.routing import Route
from pleiade.products.chat import chats, exporting, folders
from pleiade.products.chat.documents.bounds import UnreadableError
from pleiade.products.chat.documents.reader import Reader
from pleiade.products.chat.importing import keeping
from pleiade.products.chat.importing.imported import Imported, ImportedChat, Skipped
from pleiade.products.chat.nouns import Thread
from pleiade.products.records.errors import InvalidError, NotFoundError
from pleiade.products.records.rows import Owner

logger = logging.getLogger(__name__)


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an import."""

    imported: int
    skipped: list[Skipped]


class Moving:
    """`/chats/import` and `/chats/export`."""

    def __init__(self, desk: Desk, files: Files) -> None:
        self._desk = desk
        self._files = files
        self._reader = Reader()
        self.routes: Sequence[Route] = (
            Route(method="POST", path="/chats/import", handler=self.take_in, gives=ImportReport, files=("file",)),
            Route(method="GET", path="/chats/export", handler=self.give_out, query=("format",)),
        )

    async def take_in(self, call: Call) -> None:
        """Import what ChatGPT, Open WebUI or this server exported; what is here already is skipped. Raises ApiError."""
        if is_form(call.headers.get(b"content-type", b"")):
            _, data = file_of(await read_form(call, self._desk.max_body_mb))
        else:
            data = await read_body(call, self._desk.max_body_mb)
        try:
            found = await self._reader.read("import", data, Imported)
        except UnreadableError as error:
            raise bad_request(str(error), param="file", code="unreadable_file") from error
        imported, skipped = 0, found.skipped
        for chat in found.chats:
            reason = await self._desk.write(_keep, owner_of(call), chat)
            imported += not reason
            if reason:
                skipped.append(Skipped(chat.title, reason))
        await send(call, ImportReport(imported=imported, skipped=skipped))

    async def give_out(self, call: Call) -> None:
        """All chats of the caller but temporary ones: `format=json` (to import again) or `markdown` (a zip)."""
        wanted = asked_for(call, "format") or "json"
        if wanted not in ("json", "markdown"):
            raise wrong_value("format", wanted[:40], ("json", "markdown"))
        owner = owner_of(call)
        identifiers = await self._desk.read(chats.all_ids, owner)
        threads = self._threads(owner, identifiers)
        ending, kind = ("json", b"application/json") if wanted == "json" else ("zip", b"application/zip")
        saved = (b"content-disposition", f'attachment; filename="chats.{ending}"'.encode())
        if wanted == "json":
            named = await self._desk.read(folders.list_all, owner)
            await call.answer.begin(200, (saved,), kind)
            await call.answer.write(exporting.json_head(named))
            comma = b"\n"
            async for thread in threads:
                await call.answer.write(comma + msgspec.json.encode(thread))
                comma = b",\n"
            await call.answer.write(exporting.JSON_END)
        else:
            await call.answer.begin(200, (saved,), kind)
            async for piece in self._zipped(owner, threads):
                await call.answer.write(piece)
        call.status = 200
        await call.answer.end()

    async def _threads(self, owner: Owner, identifiers: list[str]) -> AsyncIterator[Thread]:
        """The chats one by one; one that is deleted meanwhile is left out."""
        for identifier in identifiers:
            thread = await self._desk.read(_thread, owner, identifier)
            if thread is not None:
                yield thread

    async def _zipped(self, owner: Owner, threads: AsyncIterator[Thread]) -> AsyncIterator[bytes]:
        sink = _Sink()
        with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
            given: set[str] = set()
            async for thread in threads:
                page = exporting.markdown(thread).encode("utf-8", "replace")
                await asyncio.to_thread(archive.writestr, exporting.page_name(thread), page)
                yield sink.taken()
                for file in (file for message in thread.messages for file in message.attachments):
                    data = await self._files.bytes_of(owner, file.id) if file.id not in given else None
                    given.add(file.id)
                    if data is not None:
                        await asyncio.to_thread(archive.writestr, f"files/{file.id[-6:]} {file.name}", data)
                        yield sink.taken()
        yield sink.taken()


class _Sink:
    """A file that is only written, a piece at a time, and taken away as it grows."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep `data` until it is taken."""
        self._pieces.append(bytes(data))
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """What is left is still to be taken."""

    def taken(self) -> bytes:
        """What was written since the last time."""
        data, self._pieces = b"".join(self._pieces), []
        return data


def _keep(connection: sa.Connection, owner: Owner, chat: ImportedChat) -> str:
    try:
        return keeping.keep(connection, owner, chat)
    except InvalidError as error:
        return error.message


def _thread(connection: sa.Connection, owner: Owner, identifier: str) -> Thread | None:
    try:
        return read_thread(connection, owner, identifier)
    except NotFoundError:
        return None
