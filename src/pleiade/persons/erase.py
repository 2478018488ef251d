"""Everything of a person is removed: records, files, records that are still on their way, and the account itself."""

import time

import msgspec
import sqlalchemy as sa

from pleiade.domain import Actor
from pleiade.persons.places import Subject, owned, responses_of, runs_of
from pleiade.products.chat import chats as chat_records
from pleiade.products.chat import search
from pleiade.store import reading, unit_of_work
from pleiade.store.chats import chat_attachments, chat_folders, chats
from pleiade.store.feedback import feedback
from pleiade.store.house import erased
from pleiade.store.object_storage import Objects
from pleiade.store.objects import chat_completions, responses
from pleiade.store.pictures import picture_objects, pictures
from pleiade.store.runs import run_contents, runs
from pleiade.store.tables import keys
from pleiade.store.tenants import invites, organisation_members, registrations, users
from pleiade.tenancy.change import change
from pleiade.tenancy.members import get_member, is_member, keep_an_owner, remove_member
from pleiade.tenancy.users import delete_user, get_user

_AT_ONCE = 200  # chats in one transaction


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """How much there was. `account`: whether the account went, too; it stays while other organisations have them."""

    chats: int
    files: int
    pictures: int
    responses: int
    completions: int
    runs: int
    feedback: int
    account: bool


def erase(db: sa.Engine, subject: Subject, attachments: Objects, gallery: Objects, *, actor: Actor) -> Erased:
    """Remove somebody from an organisation, with all that is kept of them there. Blocks.

    They go out first, so that nothing new comes. What was interrupted is finished by another call. Raises
    NotFoundError; ConflictError for the last owner, before anything is removed; StoreError, ObjectsError.
    """
    if not _begun(db, subject) or _is_member(db, subject):
        _send_out(db, subject, actor)
    found = _erase_records(db, subject, attachments, gallery)
    with change(db, actor) as act:
        account = act.connection.scalar(sa.select(users.c.id).where(users.c.id == subject.user)) is None
        counts = {name: value for name, value in msgspec.structs.asdict(found).items() if name != "account"}
        act.record("user.erased", subject.organisation, subject.user, data=counts)
    return msgspec.structs.replace(found, account=account)


def _begun(db: sa.Engine, subject: Subject) -> bool:
    with reading(db) as connection:
        return connection.scalar(sa.select(erased.c.time).where(_is(subject))) is not None


def _is_member(db: sa.Engine, subject: Subject) -> bool:
    with reading(db) as connection:
        return is_member(connection, subject.organisation, subject.user)


def _send_out(db: sa.Engine, subject: Subject, actor: Actor) -> None:
    """Take their place, their keys and, where no other organisation has them, their account."""
    get_member(db, subject.organisation, subject.user)
    email = get_user(db, subject.user).email
    with change(db, actor) as act:
        connection = act.connection
        keep_an_owner(connection, subject.organisation, subject.user)
        members = organisation_members
        others = sa.select(sa.func.count()).select_from(members).where(members.c.user == subject.user)
        elsewhere = bool(connection.scalar(others.where(members.c.organisation != subject.organisation)))
        # Records of calls may still be on their way to the database: from now on they are dropped there.
        connection.execute(sa.delete(erased).where(_is(subject)))
        connection.execute(
            sa.insert(erased).values(organisation=subject.organisation, user=subject.user, time=int(time.time()))
        )
        own = sa.and_(keys.c.owner == subject.user, keys.c.organisation == subject.organisation)
        connection.execute(sa.update(keys).where(own).values(name="erased"))
        mine = sa.and_(invites.c.email == email, invites.c.organisation == subject.organisation)
        connection.execute(sa.delete(invites).where(mine))
        if not elsewhere:
            connection.execute(sa.delete(registrations).where(registrations.c.email == email))
    if elsewhere:
        remove_member(db, subject.organisation, subject.user, actor=actor)
    else:
        delete_user(db, subject.user, actor=actor)


def _erase_records(db: sa.Engine, subject: Subject, attachments: Objects, gallery: Objects) -> Erased:
    with unit_of_work(db) as connection:
        connection.execute(sa.update(feedback).where(feedback.c.handled_by == subject.user).values(handled_by=""))
        rated = connection.execute(sa.delete(feedback).where(owned(subject, feedback))).rowcount
        # Before the chats go, which name the responses that made their answers.
        kept = connection.execute(sa.delete(responses).where(responses_of(subject))).rowcount
        completed = connection.execute(sa.delete(chat_completions).where(owned(subject, chat_completions))).rowcount
        asked = sa.select(runs.c.id).where(runs_of(subject))
        connection.execute(sa.delete(run_contents).where(run_contents.c.run.in_(asked)))
        called = connection.execute(sa.delete(runs).where(runs_of(subject))).rowcount
    files = _erase_bytes(db, subject, chat_attachments, chat_attachments.c.object, attachments)
    talked = _erase_chats(db, subject)
    _erase_bytes(db, subject, picture_objects, picture_objects.c.id, gallery)
    with unit_of_work(db) as connection:
        drawn = connection.execute(sa.delete(pictures).where(owned(subject, pictures))).rowcount
        connection.execute(sa.delete(picture_objects).where(owned(subject, picture_objects)))
    _forget_traces(db)
    return Erased(
        chats=talked,
        files=files,
        pictures=drawn,
        responses=kept,
        completions=completed,
        runs=called,
        feedback=rated,
        account=False,
    )


def _erase_bytes(db: sa.Engine, subject: Subject, table: sa.Table, column: sa.Column[str], store: Objects) -> int:
    """Files go before the rows that name them: who is interrupted finds the rest again. How many files there were."""
    with reading(db) as connection:
        names = list(connection.scalars(sa.select(column).where(owned(subject, table))))
    for name in names:
        store.delete(name)
    return len(names)


def _erase_chats(db: sa.Engine, subject: Subject) -> int:
    """How many chats there were. Folders and attached files go with them."""
    talked = 0
    while True:
        with unit_of_work(db) as connection:
            some = list(connection.scalars(sa.select(chats.c.id).where(owned(subject, chats)).limit(_AT_ONCE)))
            if not some:
                connection.execute(sa.delete(chat_folders).where(owned(subject, chat_folders)))
                connection.execute(sa.delete(chat_attachments).where(owned(subject, chat_attachments)))
                return talked
            chat_records.forget(connection, some)
        talked += len(some)


def _forget_traces(db: sa.Engine) -> None:
    """What a database keeps of rows that are gone: SQLite's index of words holds them until it is written anew."""
    if db.dialect.name == "sqlite":
        with unit_of_work(db) as connection:
            search.forget_deleted(connection)


def _is(subject: Subject) -> sa.ColumnElement[bool]:
    return sa.and_(erased.c.organisation == subject.organisation, erased.c.user == subject.user)
