"""Pictures for the room of responses: made as the picture routes make them, signed, and kept in the gallery."""

import asyncio
import logging
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from pleiade.gateway.call import Call
from pleiade.gateway.desk import Desk, owner_of
from pleiade.gateway.errors import ApiError
from pleiade.gateway.form import Form, Part
from pleiade.gateway.gallery.errand import KINDS, TEXTS, Errand
from pleiade.gateway.gallery.keeper import Keeper
from pleiade.gateway.images.finished_answer import FinishedAnswer
from pleiade.gateway.images.finishing import Finisher
from pleiade.gateway.images.wish import GENERATIONS, Wish
from pleiade.gateway.pipeline import open_model_stream
from pleiade.gateway.responses.picture_tool import Drawing
from pleiade.products.pictures import pictures
from pleiade.products.pictures.nouns import PictureRequest
from pleiade.products.records.rows import new_id
from pleiade.store.object_storage import ObjectsError

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

logger = logging.getLogger(__name__)

_EDITS = "/images/edits"


class Easel:
    """Opens streams of pictures for another room."""

    def __init__(self, desk: Desk, finisher: Finisher, keeper: Keeper, name: Callable[[str], Awaitable[str]]) -> None:
        self._desk = desk
        self._finisher = finisher
        self._keeper = keeper
        self._name = name  # of an organisation, by its id
        self._gateway: Gateway

    def start(self, gateway: "Gateway") -> None:
        """From now on models can be called."""
        self._gateway = gateway

    @asynccontextmanager
    async def open(self, call: Call, drawing: Drawing) -> AsyncIterator[AsyncIterator[bytes]]:
        """The events of a picture in the making, JSON one by one. Raises ApiError, before or between them."""
        path = _EDITS if drawing.source else GENERATIONS
        fields = {**drawing.fields, "stream": True}
        before = await self._source(call, drawing.source) if drawing.source else b""
        errand = _errand(call, path, drawing, fields, before) if drawing.kept else None
        wish = Wish(
            url=False,
            prompt=drawing.prompt,
            edited=bool(drawing.source),
            base="",
            seconds=0,
            organisation=await self._name(call.principal.organisation),
            errand=errand,
        )
        body = _form(fields, before) if drawing.source else fields
        async with open_model_stream(
            call,
            self._gateway,
            path,
            body,
            lambda queue, child: FinishedAnswer(queue, child, self._finisher, wish),
        ) as events:
            yield events

    async def bytes_of(self, call: Call, picture: str) -> bytes | None:
        """The file of a picture in the caller's gallery; None where it is gone."""
        try:
            _, name = await self._desk.read(pictures.find_object, owner_of(call), picture)
            return await asyncio.to_thread(self._keeper.read, name)
        except (ApiError, ObjectsError, OSError) as error:
            logger.warning("the picture of a response cannot be told: %s", error)
            return None

    async def _source(self, call: Call, picture: str) -> bytes:
        data = await self.bytes_of(call, picture)
        if data is None:
            raise ApiError(
                404,
                "The picture that is to be changed is not in your gallery any more: make another one.",
                code="picture_gone",
                param="input",
            )
        return data


def _form(fields: dict[str, object], image: bytes) -> Form:
    """The same request as a form: pictures are sent in those."""
    boundary = secrets.token_hex(16).encode()
    head = b'content-disposition: form-data; name="image"; filename="picture.png"\r\ncontent-type: image/png'
    empty = Form(b"multipart/form-data; boundary=" + boundary, boundary, (), b"")
    texts = {name: "true" if value is True else str(value) for name, value in fields.items()}
    return empty.with_parts([Part(head, "image", True, image)]).changed(texts)


def _errand(call: Call, path: str, drawing: Drawing, fields: dict[str, object], before: bytes) -> Errand:
    sent = {"image": "picture.png"} if before else {}
    return Errand(
        owner=owner_of(call),
        kind=KINDS[path],
        texts={name: str(fields.get(name) or "") for name in TEXTS},
        parent=drawing.source,
        request=PictureRequest(route=path, body={**fields, "store": True}, files=sent),
        files=(("image", before),) if before else (),
        step=new_id("step"),
    )
