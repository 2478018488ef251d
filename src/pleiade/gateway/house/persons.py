"""What is kept of a person, over HTTP: taken along, or erased. For owners, and in the audit log."""

import asyncio
import tempfile
from typing import BinaryIO

import msgspec
import sqlalchemy as sa

from pleiade.domain import Actor
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError, bad_request
from pleiade.gateway.organization.administration import Administration, send
from pleiade.gateway.organization.fields import text
from pleiade.gateway.routing import Route
from pleiade.persons.erase import Erased, erase
from pleiade.persons.gather import gather
from pleiade.persons.places import Subject
from pleiade.settings import Settings
from pleiade.store.object_storage import Objects, ObjectsError
from pleiade.tenancy.change import change
from pleiade.tenancy.errors import NotFoundError
from pleiade.tenancy.members import get_member

_CHUNK = 256 * 1024
_FAILED = "Their files cannot be reached; the server's log says why. Ask again: what is done stays done."


class Persons:
    """The routes of a person's data."""

    def __init__(self, administration: Administration, settings: Settings) -> None:
        self._administration = administration
        self._attachments = Objects(settings.attachments)
        self._gallery = Objects(settings.gallery)
        one = "/organization/users/{user_id}"
        self.routes = (
            Route(method="GET", path=f"{one}/data", handler=self.take_along),
            Route(method="POST", path=f"{one}/erase", handler=self.erase),
        )

    async def take_along(self, call: Call) -> None:
        """Everything that is kept of a member, as a zip. Raises ApiError 404."""
        subject = await self._member(call)
        actor = await self._administration.actor(call)
        with tempfile.TemporaryFile() as file:
            await self._administration.run(_gathered, subject, self._attachments, self._gallery, file, actor)
            saved = f'attachment; filename="{subject.user}.zip"'.encode()
            await call.answer.begin(200, ((b"content-disposition", saved),), b"application/zip")
            while chunk := await asyncio.to_thread(file.read, _CHUNK):
                await call.answer.write(chunk)
            await call.answer.end()

    async def erase(self, call: Call) -> None:
        """Remove a member with everything that is kept of them; `email` says that it is they. Raises ApiError."""
        subject = self._subject(call)
        fields = await self._administration.body(call)
        await self._administration.run(_check_email, subject, text(fields, "email").strip().lower())
        if subject.user == call.principal.user:
            raise bad_request("You cannot erase yourself: ask another owner.", code="conflict")
        actor = await self._administration.actor(call)
        found = await self._administration.run(_erased, subject, self._attachments, self._gallery, actor)
        told = {"object": "organization.user.erased", "id": subject.user, "erased": True}
        await send(call, {**told, **msgspec.structs.asdict(found)})

    def _subject(self, call: Call) -> Subject:
        return Subject(self._administration.enter(call), call.params["user_id"])

    async def _member(self, call: Call) -> Subject:
        subject = self._subject(call)
        await self._administration.run(get_member, subject.organisation, subject.user)
        return subject


def _gathered(
    db: sa.Engine, subject: Subject, attachments: Objects, gallery: Objects, file: BinaryIO, actor: Actor
) -> None:
    try:
        counts = gather(db, subject, attachments, gallery, file)
    except ObjectsError as error:
        raise ApiError(503, _FAILED, type="server_error", code="storage_failed") from error
    with change(db, actor) as act:
        act.record("user.exported", subject.organisation, subject.user, data=counts)
    file.seek(0)


def _check_email(db: sa.Engine, subject: Subject, email: str) -> None:
    """That the address is the member's; one who is gone already needs none, since the rest is only finished."""
    try:
        member = get_member(db, subject.organisation, subject.user)
    except NotFoundError:
        if "\0" in subject.user:  # nobody ever was; PostgreSQL knows no NUL in a text
            raise
        return  # `erase` knows whether they were
    if member.email != email:
        raise bad_request("'email' is not that person's address: nothing was erased.", param="email")


def _erased(db: sa.Engine, subject: Subject, attachments: Objects, gallery: Objects, actor: Actor) -> Erased:
    try:
        return erase(db, subject, attachments, gallery, actor=actor)
    except ObjectsError as error:
        raise ApiError(503, _FAILED, type="server_error", code="storage_failed") from error
