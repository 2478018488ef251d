"""The routes of batches, on every surface: OpenAI's, and Azure's, whose `endpoint` has no `/v1`."""

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from pleiade.files import records as file_records
from pleiade.gateway.batches.lines import AwaitGap
from pleiade.gateway.call import Call
from pleiade.gateway.desk import Desk, send
from pleiade.gateway.errors import bad_request
from pleiade.gateway.files.routes import created, keep_seconds
from pleiade.gateway.files.upload_routes import KeepFor
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.problems import wrong_value
from pleiade.gateway.routing import Route
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.metadata import check_metadata
from pleiade.gateway.stored.paging import list_object, lost_cursor, parse_page
from pleiade.jobs.batch import records
from pleiade.jobs.batch.nouns import ENDPOINTS, Batch, full_path

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class BatchRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What shall run."""

    input_file_id: str
    endpoint: str
    completion_window: str
    metadata: Any = None
    output_expires_after: KeepFor | None = None


class BatchesRoom:
    """`/batches`, and the stages of their lines."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self._desk = Desk(archive)
        self.stages: Sequence[MakeStage] = (lambda next, gateway: AwaitGap(next, gateway, archive),)
        one = "/batches/{batch_id}"
        self.routes: Sequence[Route] = (
            Route(method="POST", path="/batches", handler=self.create, takes=BatchRequest, gives=Batch),
            Route(method="GET", path="/batches", handler=self.list_page, query=("limit", "after")),
            Route(method="GET", path=one, handler=self.retrieve, gives=Batch),
            Route(method="POST", path=f"{one}/cancel", handler=self.cancel, gives=Batch),
        )

    async def start(self, gateway: "Gateway") -> None:
        """From now on lines are kept."""
        self._desk.max_body_mb = gateway.settings.max_body_mb
        gateway.line_archive = self._archive

    async def stop(self) -> None:
        """Nothing runs beside."""

    async def create(self, call: Call) -> None:
        """Run the requests of a file. Raises ApiError 400, 404."""
        wanted = await self._desk.body(call, BatchRequest)
        if full_path(wanted.endpoint) not in ENDPOINTS:
            raise wrong_value("endpoint", wanted.endpoint[:100], ENDPOINTS)
        if wanted.completion_window != "24h":
            raise wrong_value("completion_window", wanted.completion_window[:40], ("24h",))
        keep = keep_seconds(msgspec.to_builtins(wanted.output_expires_after), "output_expires_after")
        metadata = check_metadata(wanted.metadata)
        principal = call.principal
        kept = await self._desk.read(file_records.find, principal.project, wanted.input_file_id)
        if kept.file.purpose != "batch":
            raise bad_request(
                f"Invalid 'input_file_id': its purpose is '{kept.file.purpose}'. Send the file again with the purpose "
                "'batch'.",
                param="input_file_id",
                code="invalid_purpose",
            )
        made = partial(
            records.create,
            organisation=principal.organisation,
            project=principal.project,
            principal=msgspec.to_builtins(principal),
            endpoint=wanted.endpoint,
            input_file=kept.file.id,
            metadata=metadata,
            keep=keep,
        )
        batch = await self._desk.write(made)
        await send(call, batch, *created(call, f"/batches/{batch.id}"))

    async def list_page(self, call: Call) -> None:
        """The project's batches, newest first. Raises ApiError 400."""
        page = parse_page(call.query, descending=True)
        found = await self._desk.read(records.list_page, call.principal.project, limit=page.limit, after=page.after)
        if found is None:
            raise lost_cursor(page.after)
        data, more = found
        await send(call, list_object(data, has_more=more))

    async def retrieve(self, call: Call) -> None:
        """One batch, and how far it is. Raises ApiError 404."""
        await send(call, await self._desk.read(records.find, *_named(call)))

    async def cancel(self, call: Call) -> None:
        """Let a batch end with what it has. Raises ApiError 400 where it is over, 404."""
        await send(call, await self._desk.write(records.cancel, *_named(call)))


def _named(call: Call) -> tuple[str, str]:
    return call.principal.project, call.params["batch_id"]
