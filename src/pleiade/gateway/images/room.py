"""The routes of pictures, and the life of what is kept for them."""

import asyncio
import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qs

import msgspec
import sqlalchemy as sa

from pleiade.gateway.base_url import base_of
from pleiade.gateway.call import Call
from pleiade.gateway.desk import Desk
from pleiade.gateway.errors import ApiError
from pleiade.gateway.gallery.keeper import Keeper
from pleiade.gateway.images import operation_records as records
from pleiade.gateway.images.easel import Easel
from pleiade.gateway.images.finished_answer import FinishedAnswer
from pleiade.gateway.images.finishing import Finisher
from pleiade.gateway.images.links import Links
from pleiade.gateway.images.operation_records import RUNNING, Operation
from pleiade.gateway.images.operations import BEAT_S, KEPT_S, Operations
from pleiade.gateway.images.wish import FILES, GENERATIONS, OPERATIONS, Wish, read_wish
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route
from pleiade.gateway.stored.archive import Archive
from pleiade.products.pictures import pictures
from pleiade.provenance import FORMATS
from pleiade.settings import Settings
from pleiade.store.object_storage import Objects, ObjectsError
from pleiade.store.tenants import organisations

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

logger = logging.getLogger(__name__)

SWEEP_S = 60.0
_POLL_S = b"1"  # when to look again, told with an operation that runs
_NAMES_S = 60.0  # how long the name of an organisation is remembered
# A picture may be an SVG, which browsers run as a page: nothing in it may act in our name.
_INERT = (
    (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox"),
    (b"content-disposition", b"inline"),
)


class ImagesRoom:
    """`/images/*`, and Azure's `/operations/images/*`."""

    def __init__(self, settings: Settings, archive: Archive, keeper: Keeper) -> None:
        self._archive = archive
        self._objects = Objects(settings.pictures)
        self._links = Links(settings.home_path)
        self._finisher = Finisher(settings, self._objects, self._links, keeper)
        self.easel = Easel(Desk(archive), self._finisher, keeper, self._named)
        self._signs = settings.provenance
        self._operations = Operations(archive, self._objects, self._finisher)
        self._names: dict[str, tuple[str, float]] = {}  # organisation → its name, and until when that is remembered
        self._tending: asyncio.Task[None] | None = None
        self._gateway: Gateway
        self.stages: Sequence[MakeStage] = ()
        one = "/operations/images/{operation_id}"
        self.routes: Sequence[Route] = (
            *(
                # Azure's clients leave the model of variations in the body, as for all that Azure itself does not have.
                Route(
                    method="POST",
                    path=path,
                    handler=partial(self.make, path),
                    deployment=True,
                    everywhere=path in ("/images/variations", "/images/outpaint"),
                    files=FILES.get(path, ()),
                )
                for path in OPERATIONS
            ),
            Route(method="POST", path="/images/generations:submit", handler=self.submit),
            Route(method="GET", path=one, handler=self.poll),
            Route(method="DELETE", path=one, handler=self.delete),
            Route(method="GET", path="/images/files/{file}", handler=self.fetch, public=True),
        )

    async def start(self, gateway: "Gateway") -> None:
        """From now on models can be called."""
        self._gateway = gateway
        self.easel.start(gateway)
        self._tending = asyncio.create_task(self._tend(), name="tend pictures")

    async def stop(self) -> None:
        """Operations may finish for as long as other answers may; then they fail."""
        watch = self._gateway.watch
        await self._operations.close(watch.drain_left_s if watch.draining else self._gateway.settings.drain_s)
        if self._tending is not None:
            self._tending.cancel()
            await asyncio.gather(self._tending, return_exceptions=True)

    async def make(self, path: str, call: Call) -> None:
        """Have pictures made, whole or as a stream. Raises ApiError."""
        wish = await self._read(call, path)
        call.answer = FinishedAnswer(call.answer, call, self._finisher, wish)
        await self._gateway.model(call)

    async def submit(self, call: Call) -> None:
        """Take a request for pictures and tell where to ask for them (Azure, 2023-06-01-preview). Raises ApiError."""
        wish = msgspec.structs.replace(await self._read(call, GENERATIONS, at_once=True), url=True, seconds=KEPT_S)
        operation = await self._operations.begin(call, self._gateway, wish)
        path = call.path.removesuffix("/images/generations:submit")
        query = f"?api-version={call.api_version}" if call.api_version else ""
        where = f"{base_of(call, self._gateway.settings)}{path}/operations/images/{operation.id}{query}"
        headers = ((b"operation-location", where.encode()), (b"retry-after", _POLL_S))
        call.status = 202
        await call.answer.whole(202, msgspec.json.encode({"id": operation.id, "status": "notRunning"}), headers)

    async def poll(self, call: Call) -> None:
        """What became of an operation. Raises ApiError 404."""
        operation = await self._find(call)
        told = {"created": operation.created, "id": operation.id, "status": operation.status, **operation.body}
        headers = ((b"retry-after", _POLL_S),) if operation.status == RUNNING else ()
        call.status = 200
        await call.answer.whole(200, msgspec.json.encode({**told, "expires": operation.expires}), headers)

    async def delete(self, call: Call) -> None:
        """Forget an operation and its pictures. Raises ApiError 404."""
        await self._operations.delete(await self._find(call))
        call.status = 204
        await call.answer.whole(204, b"")

    async def fetch(self, call: Call) -> None:
        """The picture that a URL of ours names; its signature is all it takes. Raises ApiError 403, 404."""
        name, query = call.params["file"], parse_qs(call.query.decode("latin-1"))
        expires, signature = (query.get(field, [""])[-1] for field in ("expires", "signature"))
        try:
            good = await asyncio.to_thread(self._links.is_good, name, expires, signature)
            if good and int(expires) <= time.time():
                raise ApiError(403, "The URL of this picture has expired: make another one.", code="url_expired")
            data = await asyncio.to_thread(self._objects.get, name) if good else None
        except (ObjectsError, OSError) as error:
            logger.error("a picture cannot be given out: %s", error)
            raise ApiError(
                500, "This picture cannot be read now; the server's log says why.", type="server_error"
            ) from error
        if data is None:
            raise ApiError(404, "There is no picture at this URL.", code="not_found")
        call.status = 200
        kind = FORMATS.get(name.rpartition(".")[2], "application/octet-stream")
        await call.answer.whole(200, data, _INERT, kind.encode())

    async def _read(self, call: Call, path: str, *, at_once: bool = False) -> Wish:
        wish = await read_wish(call, self._gateway, path, at_once=at_once)
        if wish.errand is not None and wish.errand.parent:
            await Desk(self._archive).read(pictures.find, wish.errand.owner, wish.errand.parent)
        return msgspec.structs.replace(wish, organisation=await self._named(call.principal.organisation))

    async def _named(self, organisation: str) -> str:
        """An organisation's name as pictures are signed with it; "" where they are not signed."""
        return await self._name(organisation) if self._signs else ""

    async def _find(self, call: Call) -> Operation:
        identifier = call.params["operation_id"]
        operation = await self._operations.find(call.principal.project, identifier)
        if operation is None:
            raise ApiError(404, f"There is no operation {identifier[:80]!r}, or it has expired.", code="not_found")
        return operation

    async def _name(self, organisation: str) -> str:
        """An organisation's name, for its pictures; its id where the database cannot tell (the log says why)."""
        name, until = self._names.get(organisation, ("", 0.0))
        if time.monotonic() > until:
            query = sa.select(organisations.c.name).where(organisations.c.id == organisation)
            try:
                found: str | None = await self._archive.read(lambda connection: connection.scalar(query))
            except ApiError:
                return organisation
            name = found or organisation
            self._names[organisation] = name, time.monotonic() + _NAMES_S
        return name

    async def _tend(self) -> None:
        """Give signs of life for what runs, and remove what has expired."""
        swept = time.monotonic()
        while True:
            await asyncio.sleep(BEAT_S)
            try:
                await self._operations.beat()
                if time.monotonic() - swept > SWEEP_S:
                    swept = time.monotonic()
                    await asyncio.to_thread(self._objects.sweep, time.time())
                    await self._archive.write(records.sweep)
            except (ApiError, ObjectsError) as error:
                logger.error("pictures cannot be tended now: %s", error)
