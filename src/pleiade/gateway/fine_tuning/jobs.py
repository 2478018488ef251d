"""`/fine_tuning/jobs` and all under it."""

import asyncio
import secrets
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from pleiade.domain import is_for
from pleiade.finetuning import making, records, stopping
from pleiade.finetuning.errors import RefusedError
from pleiade.finetuning.lab import lab_python
from pleiade.finetuning.making import TUNABLE, Wanted
from pleiade.finetuning.nouns import Checkpoint, Event, Job
from pleiade.finetuning.rules import (
    SEEDS,
    read_integrations,
    read_metadata,
    read_method,
    read_seed,
    read_suffix,
)
from pleiade.gateway.call import Call
from pleiade.gateway.desk import Desk, Told, send
from pleiade.gateway.errors import ApiError, bad_request, model_not_found, unavailable
from pleiade.gateway.files.routes import created
from pleiade.gateway.fine_tuning.asked import NewJob
from pleiade.gateway.fine_tuning.shapes import job_shown, list_shown
from pleiade.gateway.routing import Route
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.paging import list_object, page_of, parse_page
from pleiade.settings import Settings

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class Refusing:
    """Within it, what this house does not take becomes what the caller is told."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, RefusedError):
            raise ApiError(error.status, str(error), code=error.code, headers=_FINAL) from error


_FINAL = ((b"x-should-retry", b"false"),)


class Jobs:
    """The routes of jobs; `ask` is also how the ones of 2023 make theirs."""

    def __init__(self, settings: Settings, archive: Archive) -> None:
        self.desk = Desk(archive)
        self._lab = settings.lab_python
        self.gateway: Gateway | None = None  # there once it starts
        base, one = "/fine_tuning/jobs", "/fine_tuning/jobs/{fine_tuning_job_id}"
        get, post = partial(Route, method="GET"), partial(Route, method="POST")
        self.routes: Sequence[Route] = (
            post(path=base, handler=self.create, takes=NewJob, gives=Job),
            get(path=base, handler=self.list_page, query=("limit", "after", "metadata")),
            get(path=one, handler=self.retrieve, gives=Job),
            Route(method="DELETE", path=one, handler=self.delete),
            post(path=f"{one}/cancel", handler=self.cancel, gives=Job),
            post(path=f"{one}/pause", handler=self.pause, gives=Job),
            post(path=f"{one}/resume", handler=self.resume, gives=Job),
            get(path=f"{one}/events", handler=self.events, query=("limit", "after"), gives=Event),
            get(path=f"{one}/checkpoints", handler=self.checkpoints, query=("limit", "after"), gives=Checkpoint),
        )

    async def create(self, call: Call) -> None:
        """Ask for a job. Raises ApiError: 400, 404 for what is wrong with it, 403 without a price, 503 without lab."""
        body = await self.desk.body(call, NewJob)
        job = await self.ask(call, body)
        await send(call, job_shown(call, job), *created(call, f"/fine_tuning/jobs/{job.id}"))

    async def ask(self, call: Call, body: NewJob, *, legacy: bool = False) -> Job:
        """Make a job of a request. Raises as `create`."""
        with Told():
            asked = read_method(body.method, body.hyperparameters)
            suffix = read_suffix(body.suffix, 40 if legacy else 64)
            seed = read_seed(body.seed, secrets.randbelow(SEEDS))
            metadata, integrations = read_metadata(body.metadata), read_integrations(body.integrations)
        files = {"training_file": body.training_file, "validation_file": body.validation_file}
        await self.desk.read(making.check_files, call.principal.project, files)
        directory = self.gateway.directory if self.gateway is not None else None
        if directory is None or not directory.loaded:
            raise unavailable("The server is starting: its models are not known yet. Please retry.", 2.0)
        target = directory.find(body.model)
        if target is None or not is_for(target.endpoint.projects, call.principal.project):
            raise model_not_found(body.model)
        endpoint = target.endpoint
        start = await self.desk.read(making.find_start, endpoint.model, body.model)
        if endpoint.engine not in TUNABLE and not body.full:
            raise bad_request(
                f"Model {body.model} runs on {endpoint.engine}, which serves no adapters: have it deployed on one of "
                f"{', '.join(sorted(TUNABLE))}, or ask for a whole model with 'full': true.",
                param="model",
                code="model_not_available",
            )
        wanted = Wanted(
            model=body.model,
            engine=endpoint.engine,
            start=start,
            asked=asked,
            training_file=body.training_file,
            validation_file=body.validation_file,
            suffix=suffix,
            seed=seed,
            metadata=metadata,
            integrations=integrations,
            full=body.full,
            legacy=legacy,
        )
        with Refusing():
            await asyncio.to_thread(lab_python, self._lab)
            return await self.desk.write(making.create, wanted, call.principal)

    async def list_page(self, call: Call) -> None:
        """The project's jobs, newest first. Raises ApiError 400."""
        page = parse_page(call.query, descending=True)
        found, more = await self.desk.read(
            records.list_page,
            call.principal.project,
            limit=page.limit,
            after=page.after,
            metadata=_metadata(call.query),
            legacy=False,
        )
        await send(call, list_shown(call, [stored.job for stored in found], more=more))

    async def retrieve(self, call: Call) -> None:
        """One job. Raises ApiError 404."""
        await send(call, job_shown(call, (await self.desk.read(records.find, *_named(call))).job))

    async def cancel(self, call: Call) -> None:
        """Stop it for good. Raises ApiError 400 where it is over, 404."""
        await send(call, job_shown(call, await self.desk.write(stopping.cancel, *_named(call))))

    async def pause(self, call: Call) -> None:
        """Stop it with a checkpoint. Raises ApiError 400 where it is neither queued nor running, 404."""
        await send(call, job_shown(call, await self.desk.write(stopping.pause, *_named(call))))

    async def resume(self, call: Call) -> None:
        """Let it go on, when it is its turn. Raises ApiError 400 where it is not paused, 404."""
        await send(call, job_shown(call, await self.desk.write(stopping.resume, *_named(call))))

    async def delete(self, call: Call) -> None:
        """Forget a job that is over (Azure has this route); its model stays. Raises ApiError 400, 404."""
        await self.desk.write(stopping.remove, *_named(call))
        call.status = 204
        await call.answer.whole(204, b"")

    async def events(self, call: Call) -> None:
        """What happened in it, newest first. Raises ApiError 400, 404."""
        page = parse_page(call.query, descending=True)
        await self.desk.read(records.find, *_named(call))
        found, more = await self.desk.read(
            records.list_events,
            call.params["fine_tuning_job_id"],
            limit=page.limit,
            after=page.after,
            oldest_first=not page.descending,
        )
        await send(call, list_object(found, has_more=more))

    async def checkpoints(self, call: Call) -> None:
        """Models on its way, the last one first. Raises ApiError 400, 404."""
        page = parse_page(call.query, descending=False, default=10)
        await self.desk.read(records.find, *_named(call))
        found = await self.desk.read(records.list_checkpoints, call.params["fine_tuning_job_id"])
        shown = [{"id": one.id, "checkpoint": one} for one in found]
        told = page_of(shown, page)
        await send(call, {**told, "data": [item["checkpoint"] for item in told["data"]]})


def _named(call: Call) -> tuple[str, str]:
    return call.principal.project, call.params["fine_tuning_job_id"]


def _metadata(query: bytes) -> dict[str, str] | None:
    """The pairs of `metadata[key]=value`; None where none is asked for."""
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    found = {name[9:-1]: value for name, value in pairs if name.startswith("metadata[") and name.endswith("]")}
    return found or None
