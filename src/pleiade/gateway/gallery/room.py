"""The routes of the gallery, and what is tended beside them."""

import asyncio
import logging
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pleiade.gateway.call import Call
from pleiade.gateway.chats.files import file_of, read_form, text_field
from pleiade.gateway.desk import Desk, Told, asked_for, owner_of, send, send_deleted, truth_asked_for
from pleiade.gateway.errors import ApiError, bad_request
from pleiade.gateway.gallery.contents import Contents
from pleiade.gateway.gallery.keeper import Keeper
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.problems import wrong_value
from pleiade.gateway.routing import Route
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.paging import lost_cursor, parse_page
from pleiade.products.chat.nouns import Deleted
from pleiade.products.pictures import pictures
from pleiade.products.pictures.files import MAX_WIDTH, MIN_WIDTH, check_upload
from pleiade.products.pictures.nouns import Made, Picture, PictureList, PictureRequest
from pleiade.products.pictures.pictures import Listing
from pleiade.products.records.rows import new_id
from pleiade.settings import Settings
from pleiade.store import StoreError
from pleiade.store.object_storage import ObjectsError

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

logger = logging.getLogger(__name__)

T = TypeVar("T")

SWEEP_S = 600.0
FORMATS = ("png", "webp", "jpeg", "svg")
KINDS = ("generation", "edit", "variation", "outpaint", "upload")
# Nothing in a stranger's file may act in our name. What an id names never changes.
_INERT = (
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"),
    (b"content-disposition", b"inline"),
    (b"cache-control", b"private, max-age=86400, immutable"),
)


class PictureChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change in a picture; what is left out stays."""

    favourite: bool | UnsetType = UNSET
    title: Annotated[str, Meta(max_length=200)] | UnsetType = UNSET


class GalleryRoom:
    """`/gallery` and `/gallery/{picture_id}`."""

    def __init__(self, settings: Settings, archive: Archive, keeper: Keeper) -> None:
        self._desk = Desk(archive)
        self._keeper = keeper
        self._contents = Contents(settings, keeper)
        self._tending: asyncio.Task[None] | None = None
        one = "/gallery/{picture_id}"
        query = ("limit", "after", "q", "favourite", "kind", "step", "parent")
        post, get, delete = (partial(Route, method=method) for method in ("POST", "GET", "DELETE"))
        self.routes: Sequence[Route] = (
            get(path="/gallery", handler=self.list_page, gives=PictureList, query=query),
            post(path="/gallery", handler=self.add, gives=Picture, files=("file",)),
            get(path=one, handler=self.retrieve, gives=Picture),
            post(path=one, handler=self.update, takes=PictureChanges, gives=Picture),
            delete(path=one, handler=self.delete, gives=Deleted),
            get(path=f"{one}/content", handler=self.fetch, query=("format", "width")),
            get(path=f"{one}/provenance", handler=self.show_provenance),
            get(path=f"{one}/request", handler=self.show_request, gives=PictureRequest),
        )
        self.stages: Sequence[MakeStage] = ()

    async def start(self, gateway: "Gateway") -> None:
        """From now on pictures can be taken in."""
        self._desk.max_body_mb = gateway.settings.max_body_mb
        self._tending = asyncio.create_task(self._tend(), name="tend the gallery")

    async def stop(self) -> None:
        """Nothing more is tended."""
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.gather(self._tending, return_exceptions=True)

    async def list_page(self, call: Call) -> None:
        """The caller's pictures, newest first. Raises ApiError 400."""
        page = parse_page(call.query, descending=True)
        texts = {name: (asked_for(call, name) or "").replace("\0", "") for name in ("q", "kind", "step", "parent")}
        if texts["kind"] and texts["kind"] not in KINDS:
            raise wrong_value("kind", texts["kind"][:40], KINDS)
        wanted = Listing(
            limit=page.limit, after=page.after.replace("\0", ""), favourite=truth_asked_for(call, "favourite"), **texts
        )
        found = await self._desk.read(pictures.list_page, owner_of(call), wanted)
        if found is None:
            raise lost_cursor(page.after)
        data, more = found
        first, last = (data[0].id, data[-1].id) if data else (None, None)
        await send(call, PictureList(data=data, first_id=first, last_id=last, has_more=more))

    async def add(self, call: Call) -> None:
        """Keep a picture of one's own (form field `file`), to be worked on. Raises ApiError 400 that says why not."""
        form = await read_form(call, self._desk.max_body_mb)
        name, data = file_of(form)
        with Told():
            found = await asyncio.to_thread(check_upload, data)
            made = Made(
                kind="upload",
                title=(text_field(form, "title") or name.rpartition(".")[0] or name).replace("\0", "")[:200],
                size=f"{found.width}x{found.height}",
                width=found.width,
                height=found.height,
                bytes=len(data),
                format=found.format,
                step=new_id("step"),
            )
            await send(call, await self._keep(partial(self._keeper.keep, owner_of(call), made, data)))

    async def retrieve(self, call: Call) -> None:
        """One picture. Raises ApiError 404."""
        await send(call, await self._desk.read(pictures.find, owner_of(call), call.params["picture_id"]))

    async def update(self, call: Call) -> None:
        """Give a picture a title, or make it a favourite. Raises ApiError 400, 404."""
        wanted = await self._desk.body(call, PictureChanges)
        changes = {name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not UNSET}
        await send(call, await self._desk.write(pictures.update, owner_of(call), call.params["picture_id"], **changes))

    async def delete(self, call: Call) -> None:
        """Delete a picture and its bytes; what was made from it stays. Raises ApiError 404."""
        gone = await self._desk.write(pictures.delete, owner_of(call), call.params["picture_id"])
        await asyncio.to_thread(self._keeper.forget, gone)
        await send_deleted(call, call.params["picture_id"], "gallery.picture")

    async def fetch(self, call: Call) -> None:
        """The picture's file: as made, in another `format`, or at most `width` pixels wide. ApiError 400, 404."""
        format, width = asked_for(call, "format") or "", _width(call)
        if format and format not in FORMATS:
            raise wrong_value("format", format[:40], FORMATS)
        picture, name = await self._find(call)
        given = await asyncio.to_thread(self._contents.give, picture, name, format, width)
        call.status = 200
        await call.answer.whole(200, given.data, (*_INERT, *given.headers), given.type.encode())

    async def show_provenance(self, call: Call) -> None:
        """What the signature in a picture says, and whether it holds. Raises ApiError 404."""
        _, name = await self._find(call)
        await send(call, await asyncio.to_thread(self._contents.report, name))

    async def show_request(self, call: Call) -> None:
        """The request that made a picture. Raises ApiError 404 where none did."""
        await send(call, await self._desk.read(pictures.find_request, owner_of(call), call.params["picture_id"]))

    async def _find(self, call: Call) -> tuple[Picture, str]:
        return await self._desk.read(pictures.find_object, owner_of(call), call.params["picture_id"])

    async def _keep(self, keep: Any) -> Picture:
        try:
            kept: Picture = await asyncio.to_thread(keep)
        except (ObjectsError, OSError, StoreError) as error:
            logger.error("a picture cannot be kept: %s", error)
            raise ApiError(
                500, "The place for pictures cannot be used now; the server's log says why.", type="server_error"
            ) from error
        return kept

    async def _tend(self) -> None:
        """Remove what was left behind, now and then."""
        while True:
            await asyncio.sleep(SWEEP_S)
            try:
                await self._keeper.sweep()
            except ApiError as error:
                logger.error("the gallery cannot be tended now: %s", error)


def _width(call: Call) -> int:
    """The width that is asked for; 0 where none is. Raises ApiError 400."""
    text = asked_for(call, "width")
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and MIN_WIDTH <= int(text) <= MAX_WIDTH):
        raise bad_request(
            f"Invalid 'width': expected an integer from {MIN_WIDTH} to {MAX_WIDTH}, but got '{text[:40]}' instead.",
            param="width",
            code="invalid_value",
        )
    return int(text)
