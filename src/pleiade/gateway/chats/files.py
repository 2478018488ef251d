"""The routes of attachments: files that people give to read."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from urllib.parse import quote

from python_multipart.multipart import parse_options_header

from pleiade.gateway.body import read_body
from pleiade.gateway.call import Call
from pleiade.gateway.chats.answers import Answers
from pleiade.gateway.desk import Desk, owner_of, send, send_deleted
from pleiade.gateway.errors import ApiError, bad_request
from pleiade.gateway.form import Form, is_form, parse_form
from pleiade.gateway.problems import missing
from pleiade.gateway.routing import Route
from pleiade.products.chat import attachments
from pleiade.products.chat.asking import fitting
from pleiade.products.chat.documents.bounds import UnreadableError
from pleiade.products.chat.documents.kinds import clean_name, type_of
from pleiade.products.chat.documents.reader import Reader
from pleiade.products.chat.nouns import Attachment, Deleted, Extract
from pleiade.products.chat.rows import with_read
from pleiade.products.records.rows import Owner
from pleiade.store.object_storage import FOREVER, Objects, ObjectsError

logger = logging.getLogger(__name__)

# Nothing in a file of a stranger's may act in our name, whatever a browser makes of it.
_INERT = (
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"),
    (b"cache-control", b"private, max-age=3600"),
)


class Files:
    """`/attachments` and `/attachments/{attachment_id}`."""

    def __init__(self, desk: Desk, objects: Objects, answers: Answers, most_bytes: int) -> None:
        self._desk = desk
        self._objects = objects
        self._answers = answers
        self._most_bytes = most_bytes
        self._reader = Reader()
        one = "/attachments/{attachment_id}"
        self.routes: Sequence[Route] = (
            Route(method="POST", path="/attachments", handler=self.add, gives=Attachment, files=("file",)),
            Route(method="GET", path=one, handler=self.retrieve, gives=Attachment),
            Route(method="DELETE", path=one, handler=self.delete, gives=Deleted),
            Route(method="GET", path=f"{one}/content", handler=self.fetch),
        )

    async def add(self, call: Call) -> None:
        """Read a file (form field `file`) and keep it. Raises ApiError 400 that says why it cannot be read."""
        form = await read_form(call, self._desk.max_body_mb)
        name, data = file_of(form)
        try:
            type_of(data)  # refuses most of what cannot be read before a process is started for it
            extract = await self._reader.read("document", data, Extract)
        except UnreadableError as error:
            raise bad_request(f"{name}: {error}", param="file", code="unreadable_file") from error
        stored = await self._keep(data)
        try:
            made = await self._desk.write(
                attachments.insert,
                owner_of(call),
                name=name,
                size=len(data),
                extract=extract,
                object=stored,
                most_bytes=self._most_bytes,
            )
        except BaseException:
            await self.remove([stored])
            raise
        await send(call, self._as_read_by(text_field(form, "deployment"), made, extract.text))

    async def retrieve(self, call: Call) -> None:
        """What was found in a file. Raises ApiError 404."""
        await send(call, await self._desk.read(attachments.find, owner_of(call), call.params["attachment_id"]))

    async def delete(self, call: Call) -> None:
        """Forget a file that nothing uses. Raises ApiError 400 where something does, 404."""
        await self.remove([await self._desk.write(attachments.delete, owner_of(call), call.params["attachment_id"])])
        await send_deleted(call, call.params["attachment_id"], "chat.attachment")

    async def fetch(self, call: Call) -> None:
        """The file itself: pictures to be shown, all else to be saved. Raises ApiError 404."""
        stored, kind, name = await self._desk.read(
            attachments.find_object, owner_of(call), call.params["attachment_id"]
        )
        try:
            data = await asyncio.to_thread(self._objects.get, stored)
        except ObjectsError as error:
            raise _unusable(error) from error
        if data is None:
            raise ApiError(404, "The bytes of this attachment are gone; its text is still here.", code="not_found")
        how = "inline" if kind.startswith("image/") else "attachment"
        disposition = f"{how}; filename*=UTF-8''{quote(name, safe='')}"
        shown = f"{kind}; charset=utf-8" if kind == "text/plain" else kind
        call.status = 200
        await call.answer.whole(200, data, (*_INERT, (b"content-disposition", disposition.encode())), shown.encode())

    async def bytes_of(self, owner: Owner, attachment: str) -> bytes | None:
        """A file's bytes; None where they cannot be had."""
        try:
            stored, _, _ = await self._desk.read(attachments.find_object, owner, attachment)
            return await asyncio.to_thread(self._objects.get, stored)
        except (ApiError, ObjectsError) as error:
            logger.error("an attachment is left out of an export: %s", error)
            return None

    async def remove(self, objects: Sequence[str]) -> None:
        """Remove the bytes of files that are forgotten. What cannot be removed now is told to the log."""
        for name in objects:
            try:
                await asyncio.to_thread(self._objects.delete, name)
            except ObjectsError as error:
                logger.error("a forgotten file stays: %s", error)

    async def _keep(self, data: bytes) -> str:
        try:
            return await asyncio.to_thread(partial(self._objects.put, data, "bin", FOREVER))
        except ObjectsError as error:
            raise _unusable(error) from error

    def _as_read_by(self, deployment: str, made: Attachment, text: str) -> Attachment:
        """The attachment as that model would read it, if it were asked about nothing else."""
        if not deployment or not text:
            return made
        context = self._answers.endpoint(deployment).context_length
        return with_read(made, fitting(text, context))


async def read_form(call: Call, limit_mb: int) -> Form:
    """The form that a client sent. Raises ApiError."""
    kind = call.headers.get(b"content-type", b"")
    if not is_form(kind):
        raise bad_request("Send the file as multipart/form-data, in the field 'file'.", param="file")
    return parse_form(await read_body(call, limit_mb), kind)


def file_of(form: Form) -> tuple[str, bytes]:
    """Name and bytes of the field `file`. Raises ApiError."""
    for part in form.parts:
        if part.name == "file" and part.file:
            return clean_name(_filename(part.head)), part.data
    raise missing("file")


def text_field(form: Form, name: str) -> str:
    """A text field of a form; "" where it is absent."""
    for part in form.parts:
        if part.name == name and not part.file:
            return part.data[:256].decode("utf-8", "replace")
    return ""


def _filename(head: bytes) -> str:
    for line in head.split(b"\r\n"):
        field, _, value = line.partition(b":")
        if field.strip().lower() == b"content-disposition":
            return parse_options_header(value)[1].get(b"filename", b"").decode("utf-8", "replace")
    return ""


def _unusable(error: ObjectsError) -> ApiError:
    logger.error("attachments cannot be used: %s", error)
    return ApiError(
        500, "The place for attached files cannot be used now; the server's log says why.", type="server_error"
    )
