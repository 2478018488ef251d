"""`/fine-tunes` of January 2023 (wire-contract §11.5): files of prompts and completions, told as they were then."""

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.files import records as file_records
from pleiade.files.errors import NotFoundError
from pleiade.files.nouns import File
from pleiade.finetuning import records, stopping
from pleiade.finetuning.nouns import ENDED, Event, Job
from pleiade.finetuning.shares import ahead_of
from pleiade.gateway.call import Call
from pleiade.gateway.desk import asked_for, send
from pleiade.gateway.errors import bad_request
from pleiade.gateway.files.routes import created
from pleiade.gateway.fine_tuning.asked import NewFineTune, NewJob
from pleiade.gateway.fine_tuning.jobs import Jobs
from pleiade.gateway.fine_tuning.shapes import old_event, old_job
from pleiade.gateway.problems import missing
from pleiade.gateway.routing import Route

LOOK_S = 1.0
MOST = 10_000
_STREAM = ((b"content-type", b"text/event-stream; charset=utf-8"), (b"cache-control", b"no-cache"))


class FineTunes:
    """The routes of 2023, by way of today's jobs."""

    def __init__(self, jobs: Jobs) -> None:
        self._jobs = jobs
        self._desk = jobs.desk
        one = "/fine-tunes/{fine_tune_id}"
        get, post = partial(Route, method="GET"), partial(Route, method="POST")
        self.routes: Sequence[Route] = (
            post(path="/fine-tunes", handler=self.create, takes=NewFineTune),
            get(path="/fine-tunes", handler=self.list_all),
            get(path=one, handler=self.retrieve),
            post(path=f"{one}/cancel", handler=self.cancel),
            get(path=f"{one}/events", handler=self.events, query=("stream",)),
        )

    async def create(self, call: Call) -> None:
        """Ask for a fine-tune. Raises ApiError as today's route does; 400 for classes, which are measured no more."""
        body = await self._desk.body(call, NewFineTune)
        if not body.model:
            raise missing("model")
        if body.compute_classification_metrics:
            raise bad_request(
                "Invalid 'compute_classification_metrics': metrics of classes are not offered; leave it out and grade "
                "the result with /v1/evals.",
                param="compute_classification_metrics",
                code="invalid_value",
            )
        fields = ("n_epochs", "batch_size", "learning_rate_multiplier")
        hyperparameters: dict[str, Any] = {name: getattr(body, name) for name in fields}
        wanted = NewJob(
            model=body.model,
            training_file=body.training_file,
            validation_file=body.validation_file,
            suffix=body.suffix,
            hyperparameters={"n_epochs": 4, **{name: v for name, v in hyperparameters.items() if v is not None}},
        )
        job = await self._jobs.ask(call, wanted, legacy=True)
        ahead = await self._desk.read(ahead_of, job.id)
        said = f"Job enqueued. Waiting for jobs ahead to complete. Queue number: {ahead}."
        await self._desk.write(records.tell, job.id, said)
        await send(call, await self._shown(call, job.id), *created(call, f"/fine-tunes/{job.id}"))

    async def list_all(self, call: Call) -> None:
        """All of the project's, newest first."""
        project = call.principal.project
        read = partial(self._desk.read, records.list_page, project)
        found, _ = await read(limit=MOST, after="", metadata=None, legacy=True)
        jobs = [stored.job for stored in found]
        files = await self._desk.read(_files, project, jobs)
        await send(call, {"object": "list", "data": [old_job(job, None, files) for job in jobs]})

    async def retrieve(self, call: Call) -> None:
        """One, with its events. Raises ApiError 404."""
        await send(call, await self._shown(call, call.params["fine_tune_id"]))

    async def cancel(self, call: Call) -> None:
        """Stop it. Raises ApiError 400, 404."""
        identifier = call.params["fine_tune_id"]
        await self._desk.write(stopping.cancel, call.principal.project, identifier)
        await send(call, await self._shown(call, identifier))

    async def events(self, call: Call) -> None:
        """Its events; with `stream=true` as they come, until it is over. Raises ApiError 404."""
        identifier = call.params["fine_tune_id"]
        await self._desk.read(records.find, call.principal.project, identifier)
        if asked_for(call, "stream") != "true":
            events = await self._events(identifier)
            await send(call, {"object": "list", "data": [old_event(event) for event in events]})
            return
        await self._stream(call, identifier)

    async def _stream(self, call: Call, identifier: str) -> None:
        call.status = 200
        await call.answer.begin(200, _STREAM)
        after, ended = "", False
        while True:
            job = (await self._desk.read(records.find, call.principal.project, identifier)).job
            ended = job.status in ENDED
            for event in await self._events(identifier, after):
                after = event.id
                await call.answer.write(b"data: " + msgspec.json.encode(old_event(event)) + b"\n\n")
            if ended:
                break
            await asyncio.sleep(LOOK_S)
        await call.answer.write(b"data: [DONE]\n\n")
        await call.answer.end()

    async def _events(self, identifier: str, after: str = "") -> list[Event]:
        found, _ = await self._desk.read(records.list_events, identifier, limit=MOST, after=after, oldest_first=True)
        return found

    async def _shown(self, call: Call, identifier: str) -> dict[str, Any]:
        project = call.principal.project
        job = (await self._desk.read(records.find, project, identifier)).job
        return old_job(job, await self._events(identifier), await self._desk.read(_files, project, [job]))


def _files(connection: sa.Connection, project: str, jobs: list[Job]) -> dict[str, File]:
    """The files that jobs name, as far as they are there."""
    named = {one for job in jobs for one in (job.training_file, job.validation_file, *job.result_files) if one}
    found = {}
    for identifier in named:
        try:
            found[identifier] = file_records.find(connection, project, identifier).file
        except NotFoundError:
            continue  # it was deleted meanwhile: the fine-tune tells its id
    return found
