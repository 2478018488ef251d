"""`/evals` and all under it."""

import asyncio
import functools
import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import sqlalchemy as sa

from pleiade.domain import ModelKind
from pleiade.evals import records
from pleiade.evals.checks import check_config, check_criteria, check_source
from pleiade.evals.errors import InvalidError
from pleiade.evals.job import enqueue_run
from pleiade.evals.nouns import Eval, EvalItem, EvalRun
from pleiade.evals.records import Listing, RunRow, new_id
from pleiade.gateway.body import read_object
from pleiade.gateway.call import Call
from pleiade.gateway.desk import Desk, Told, asked_for, check_storable, send
from pleiade.gateway.errors import ApiError, bad_request
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.problems import wrong_type
from pleiade.gateway.routing import Route
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.metadata import check_metadata
from pleiade.gateway.stored.paging import list_object, parse_page
from pleiade.jobs import queue
from pleiade.sandbox.run import why_not_isolated
from pleiade.settings import Settings

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

NAME_LENGTH = 256
LIST = ("after", "limit", "order")
RUN_STATUSES = ("queued", "in_progress", "completed", "canceled", "failed")
ITEM_STATUSES = ("pass", "fail", "error")


class EvalsRoom:
    """Evals of a project, their runs, and what became of each row."""

    def __init__(self, settings: Settings, archive: Archive) -> None:
        self._desk = Desk(archive)
        self._public = settings.public_base
        self._gateway: Gateway | None = None
        one = "/evals/{eval_id}"
        run, items = f"{one}/runs/{{eval_run_id}}", f"{one}/runs/{{eval_run_id}}/output_items"
        get, post = partial(Route, method="GET"), partial(Route, method="POST")
        delete = partial(Route, method="DELETE")
        self.stages: Sequence[MakeStage] = ()
        self.routes: Sequence[Route] = (
            get(path="/evals", handler=self.list_evals, query=(*LIST, "order_by")),
            post(path="/evals", handler=self.create, gives=Eval),
            get(path=one, handler=self.retrieve, gives=Eval),
            post(path=one, handler=self.update, gives=Eval),
            delete(path=one, handler=self.delete),
            get(path=f"{one}/runs", handler=self.list_runs, query=(*LIST, "status")),
            post(path=f"{one}/runs", handler=self.create_run, gives=EvalRun),
            get(path=run, handler=self.retrieve_run, gives=EvalRun),
            post(
                path=run, handler=self.cancel_run, gives=EvalRun
            ),  # as the description has it, and as the package asks
            post(path=f"{run}/cancel", handler=self.cancel_run, gives=EvalRun),
            delete(path=run, handler=self.delete_run),
            get(path=items, handler=self.list_items, query=(*LIST, "status")),
            get(path=f"{items}/{{output_item_id}}", handler=self.retrieve_item, gives=EvalItem),
        )

    async def start(self, gateway: "Gateway") -> None:
        """The gateway starts."""
        self._gateway = gateway
        self._desk.max_body_mb = gateway.settings.max_body_mb

    async def stop(self) -> None:
        """The archive belongs to the room of completions."""

    async def create(self, call: Call) -> None:
        """Keep what shall be graded, and by what. Raises ApiError 400 that names the field at fault."""
        fields = await self._fields(call)
        refused = await asyncio.to_thread(_why_no_python)
        with Told():
            config = check_config(fields.get("data_source_config"))
            criteria = check_criteria(fields.get("testing_criteria"), lambda: refused)
        self._check_models([criterion["model"] for criterion in criteria if "model" in criterion])
        made = Eval(
            id=new_id("eval_"),
            created_at=int(time.time()),
            name=_name(fields, ""),
            data_source_config=config,
            testing_criteria=criteria,
            metadata=check_metadata(fields.get("metadata")) or {},
        )
        await self._desk.write(records.insert, call.principal.project, made)
        await send(call, made, 201)

    async def list_evals(self, call: Call) -> None:
        """The project's evals, oldest first. Raises ApiError 400."""
        by = asked_for(call, "order_by") or "created_at"
        if by not in ("created_at", "updated_at"):
            raise _unsupported("order_by", by, ("created_at", "updated_at"))
        wanted = _listing(call, (), by_update=by == "updated_at")
        data, more = await self._desk.read(records.list_evals, call.principal.project, wanted)
        await send(call, list_object(data, has_more=more))

    async def retrieve(self, call: Call) -> None:
        """One eval. Raises ApiError 404."""
        await send(call, await self._find(call))

    async def update(self, call: Call) -> None:
        """Change an eval's name or metadata. Raises ApiError 400, 404."""
        fields = await self._fields(call)
        found = await self._find(call)
        metadata = check_metadata(fields["metadata"]) or {} if "metadata" in fields else found.metadata
        changed = msgspec.structs.replace(found, name=_name(fields, found.name), metadata=metadata)
        await self._desk.write(records.replace, call.principal.project, changed)
        await send(call, changed)

    async def delete(self, call: Call) -> None:
        """Forget an eval with its runs, those that still run too. Raises ApiError 404."""
        await self._desk.write(_delete, call.principal.project, call.params["eval_id"])
        await send(call, {"object": "eval.deleted", "deleted": True, "eval_id": call.params["eval_id"]})

    async def create_run(self, call: Call) -> None:
        """Queue a pass over data. Raises ApiError 400, 404."""
        fields = await self._fields(call)
        found = await self._find(call)
        with Told():
            source = check_source(fields.get("data_source"), found.data_source_config)
        model = str(source.get("model") or "")
        self._check_models([model] if model else [])
        identifier = new_id("evalrun_")
        run = EvalRun(
            id=identifier,
            eval_id=found.id,
            created_at=int(time.time()),
            name=_name(fields, ""),
            model=model,
            data_source=source,
            report_url=f"{self._public or ''}/console/evals/{found.id}?run={identifier}",
            metadata=check_metadata(fields.get("metadata")) or {},
        )
        await self._desk.write(enqueue_run, call.principal, self._embedder(), run)
        await send(call, run, 201)

    async def list_runs(self, call: Call) -> None:
        """An eval's runs, oldest first. Raises ApiError 400, 404."""
        wanted = _listing(call, RUN_STATUSES)
        data, more = await self._desk.read(records.list_runs, call.principal.project, call.params["eval_id"], wanted)
        await send(call, list_object(data, has_more=more))

    async def retrieve_run(self, call: Call) -> None:
        """One run. Raises ApiError 404."""
        await send(call, (await self._find_run(call)).run)

    async def cancel_run(self, call: Call) -> None:
        """End a run; what is graded stays. Raises ApiError 400 where it is over, 404."""
        await send(call, await self._desk.write(_cancel, *self._place(call)))

    async def delete_run(self, call: Call) -> None:
        """Forget a run with its items. Raises ApiError 404."""
        await self._desk.write(_delete_run, *self._place(call))
        await send(call, {"object": "eval.run.deleted", "deleted": True, "run_id": call.params["eval_run_id"]})

    async def list_items(self, call: Call) -> None:
        """What became of a run's rows, in their order. Raises ApiError 400, 404."""
        wanted = _listing(call, ITEM_STATUSES)
        await self._find_run(call)
        data, more = await self._desk.read(records.list_items, call.params["eval_run_id"], wanted)
        await send(call, list_object(data, has_more=more))

    async def retrieve_item(self, call: Call) -> None:
        """What became of one row. Raises ApiError 404."""
        await self._find_run(call)
        await send(
            call, await self._desk.read(records.find_item, call.params["eval_run_id"], call.params["output_item_id"])
        )

    async def _fields(self, call: Call) -> dict[str, Any]:
        fields = await read_object(call, self._desk.max_body_mb)
        check_storable(fields)
        return fields

    async def _find(self, call: Call) -> Eval:
        return await self._desk.read(records.find, call.principal.project, call.params["eval_id"])

    async def _find_run(self, call: Call) -> RunRow:
        return await self._desk.read(records.find_run, *self._place(call))

    @staticmethod
    def _place(call: Call) -> tuple[str, str, str]:
        return call.principal.project, call.params["eval_id"], call.params["eval_run_id"]

    def _embedder(self) -> str:
        """A deployment that is made for embedding; "" = there is none."""
        found = self._gateway.directory.endpoints if self._gateway is not None else ()
        return next((one.deployment for one in found if one.kind == ModelKind.EMBEDDING), "")

    def _check_models(self, names: Sequence[str]) -> None:
        """Raises ApiError 404 where a model to be asked is not deployed."""
        for name in names:
            if self._gateway is not None and self._gateway.directory.find(name) is None:
                raise ApiError(
                    404,
                    f"The model '{name[:100]}' does not exist or you do not have access to it.",
                    code="model_not_found",
                )


def _cancel(connection: sa.Connection, project: str, of_eval: str, identifier: str) -> EvalRun:
    found = records.find_run(connection, project, of_eval, identifier)
    if records.is_over(found.run.status):
        raise InvalidError(
            f"EvalRun {identifier} is {found.run.status}: there is nothing to cancel.", code="run_is_over"
        )
    queue.ask_to_stop(connection, found.job)
    ended = msgspec.structs.replace(found.run, status="canceled")
    records.update_run(connection, ended)
    return ended


def _delete_run(connection: sa.Connection, project: str, of_eval: str, identifier: str) -> None:
    queue.ask_to_stop(connection, records.delete_run(connection, project, of_eval, identifier))


def _delete(connection: sa.Connection, project: str, identifier: str) -> None:
    for job in records.delete(connection, project, identifier):
        queue.ask_to_stop(connection, job)


def _listing(call: Call, statuses: Sequence[str], **more: Any) -> Listing:
    page = parse_page(call.query, descending=False)
    status = asked_for(call, "status") or ""
    if status and status not in statuses:
        raise _unsupported("status", status, statuses)
    return Listing(limit=page.limit, after=page.after, descending=page.descending, status=status, **more)


def _name(fields: Mapping[str, Any], default: str) -> str:
    name = fields.get("name")
    if name is None:
        return default
    if not isinstance(name, str):
        raise wrong_type("name", "a string", name)
    if len(name) > NAME_LENGTH:
        raise bad_request(f"Invalid 'name': at most {NAME_LENGTH} characters.", param="name", code="invalid_value")
    return name


def _unsupported(param: str, value: str, known: Sequence[str]) -> ApiError:
    names = ", ".join(f"'{name}'" for name in known)
    return bad_request(
        f"Invalid value: '{value[:40]}'. Supported values are: {names}.", param=param, code="invalid_value"
    )


@functools.cache
def _why_no_python() -> str | None:
    return why_not_isolated()
