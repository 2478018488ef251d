"""/organization/lessons: the house's administrators have a deployment learn from what people thought of its answers."""

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import sqlalchemy as sa

from pleiade.domain import DEFAULT_PROJECT, Actor, Principal
from pleiade.finetuning.errors import RefusedError
from pleiade.finetuning.lab import lab_python
from pleiade.gateway.call import Call
from pleiade.gateway.desk import Told, check_storable, send
from pleiade.gateway.errors import ApiError
from pleiade.gateway.lessons.bodies import LessonExamples, LessonPreview, NewLesson
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.organization.fields import Query
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route
from pleiade.gateway.stored.paging import list_object
from pleiade.gateway.typed import typed
from pleiade.lessons import records, starting
from pleiade.lessons.dataset import line_of
from pleiade.lessons.decided import decide
from pleiade.lessons.nouns import Lesson, Wish
from pleiade.lessons.starting import Asked
from pleiade.settings import Settings
from pleiade.store import reading
from pleiade.tenancy.projects import get_project

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class LessonsRoom:
    """Lessons of the house's own organisation; each belongs to the project whose ratings it learns from."""

    stages: Sequence[MakeStage] = ()

    def __init__(self, settings: Settings, administration: Administration) -> None:
        self._administration = administration
        self._lab = settings.lab_python
        base, one = "/organization/lessons", "/organization/lessons/{lesson_id}"
        self.routes: Sequence[Route] = (
            Route(method="GET", path=base, handler=self.list_all, query=("limit", "after")),
            Route(method="POST", path=base, handler=self.create, takes=NewLesson, gives=Lesson),
            Route(
                method="POST",
                path=f"{base}/preview",
                handler=self.preview,
                takes=LessonPreview,
                gives=LessonExamples,
            ),
            Route(method="GET", path=one, handler=self.retrieve, gives=Lesson),
            Route(method="POST", path=f"{one}/promote", handler=self.promote, gives=Lesson),
            Route(method="POST", path=f"{one}/rollback", handler=self.roll_back, gives=Lesson),
        )

    async def start(self, gateway: "Gateway") -> None:
        """Nothing of its own begins."""

    async def stop(self) -> None:
        """Nothing of its own ends."""

    async def list_all(self, call: Call) -> None:
        """The house's lessons, the newest first. Raises ApiError 400."""
        organisation = self._administration.enter(call)
        query = Query(call.query)
        with Told():
            found, more = await self._administration.run(
                _page, organisation, limit=query.limit(), after=query.text("after")
            )
        await send(call, list_object(found, has_more=more))

    async def create(self, call: Call) -> None:
        """Begin one. Raises ApiError 400 where there is too little to learn from, or one is under way; 404, 503."""
        self._administration.enter(call)
        wanted = typed(await self._body(call), NewLesson)
        caller = await self._caller(call, wanted.project)
        try:
            await asyncio.to_thread(lab_python, self._lab)
        except RefusedError as error:
            raise ApiError(error.status, str(error), code=error.code) from error
        asked = Asked(
            deployment=wanted.deployment,
            kind=wanted.kind,
            percent=wanted.percent,
            margin=wanted.margin,
            ratings=wanted.ratings,
            gate=wanted.gate or "",
            hyperparameters=wanted.hyperparameters,
            suffix=wanted.suffix,
            seed=wanted.seed,
            since=wanted.since,
        )
        with Told():
            await send(call, await self._administration.run(starting.start, asked, caller))

    async def preview(self, call: Call) -> None:
        """What would be learned, and what is left out and why; nothing is kept of it. Raises ApiError 404."""
        self._administration.enter(call)
        wanted = typed(await self._body(call), LessonPreview)
        caller = await self._caller(call, wanted.project)
        place = caller.organisation, caller.project, wanted.deployment, wanted.kind, wanted.since
        learned = await self._administration.run(starting.collect, *place)
        ids = sorted({one for example in learned.examples for one in example.feedback_ids})
        shown = LessonExamples(
            deployment=wanted.deployment,
            project_id=caller.project,
            kind=wanted.kind,
            examples=len(learned.examples),
            left_out=learned.left_out,
            redacted=learned.redacted,
            feedback_ids=ids,
            data=[line_of(wanted.kind, example) for example in learned.examples],
        )
        await send(call, shown)

    async def retrieve(self, call: Call) -> None:
        """One lesson. Raises ApiError 404."""
        organisation = self._administration.enter(call)
        with Told():
            await send(call, await self._administration.run(_one, organisation, call.params["lesson_id"]))

    async def promote(self, call: Call) -> None:
        """Have the deployment serve the candidate from now on. Raises ApiError 400 where it is too early or over."""
        await self._decide(call, "promote")

    async def roll_back(self, call: Call) -> None:
        """Take the candidate away, wherever the lesson stands. Raises ApiError 400 where it is over, 404."""
        await self._decide(call, "rollback")

    async def _decide(self, call: Call, wish: Wish) -> None:
        organisation = self._administration.enter(call)
        actor: Actor = await self._administration.actor(call)
        with Told():
            lesson = await self._administration.run(decide, organisation, call.params["lesson_id"], wish, actor)
        await send(call, lesson)

    async def _body(self, call: Call) -> dict[str, object]:
        fields = await self._administration.body(call)
        check_storable(fields)
        return fields

    async def _caller(self, call: Call, project: str | None) -> Principal:
        """Who asks, in the project whose ratings are meant. Raises ApiError 404."""
        caller = call.principal
        wanted = project or caller.project or DEFAULT_PROJECT
        if wanted == caller.project:
            return caller
        await self._administration.run(get_project, caller.organisation, wanted)
        return msgspec.structs.replace(caller, project=wanted, key="")  # a key would act in its own project


def _page(db: sa.Engine, organisation: str, *, limit: int, after: str) -> tuple[list[Lesson], bool]:
    with reading(db) as connection:
        return records.list_page(connection, organisation, limit=limit, after=after)


def _one(db: sa.Engine, organisation: str, identifier: str) -> Lesson:
    with reading(db) as connection:
        return records.find(connection, organisation, identifier).lesson
