"""Where things of a person lie: the one list that gathering and erasing go by. A test finds tables that it forgets."""

import msgspec
import sqlalchemy as sa

from pleiade.store.chats import chat_attachments, chat_folders, chat_messages, chats
from pleiade.store.feedback import feedback
from pleiade.store.objects import chat_completions, responses
from pleiade.store.pictures import picture_objects, pictures
from pleiade.store.runs import runs
from pleiade.store.tenants import projects

Condition = sa.ColumnElement[bool]


class Subject(msgspec.Struct, frozen=True):
    """Somebody, as a member of one organisation."""

    organisation: str
    user: str


def owned(subject: Subject, table: sa.Table) -> Condition:
    """Rows of a table with projects and owners that are the subject's."""
    own = sa.select(projects.c.id).where(projects.c.organisation == subject.organisation)
    return sa.and_(table.c.owner == subject.user, table.c.project.in_(own))


def messages_of(subject: Subject) -> Condition:
    """Rows of `chat_messages` that stand in the subject's chats."""
    return chat_messages.c.chat.in_(sa.select(chats.c.id).where(owned(subject, chats)))


def runs_of(subject: Subject) -> Condition:
    """Rows of `runs` of calls that the subject made."""
    return sa.and_(runs.c.organisation == subject.organisation, runs.c.user == subject.user)


def responses_of(subject: Subject) -> Condition:
    """Stored responses that the subject asked for; those that made a message of a chat, too."""
    own = sa.select(projects.c.id).where(projects.c.organisation == subject.organisation)
    said = sa.select(chat_messages.c.response).where(messages_of(subject), chat_messages.c.response != "")
    return sa.or_(owned(subject, responses), sa.and_(responses.c.project.in_(own), responses.c.id.in_(said)))


def tables_of(subject: Subject) -> dict[str, tuple[sa.Table, Condition]]:
    """Every table with rows of a person's own, by the name that an archive of them has."""
    simple = {
        "chats": chats,
        "folders": chat_folders,
        "attachments": chat_attachments,
        "pictures": pictures,
        "picture_files": picture_objects,
        "feedback": feedback,
        "completions": chat_completions,
    }
    return {
        **{name: (table, owned(subject, table)) for name, table in simple.items()},
        "messages": (chat_messages, messages_of(subject)),
        "responses": (responses, responses_of(subject)),
        "runs": (runs, runs_of(subject)),
    }


# Columns that name people, and what becomes of them. Their own things are in `tables_of`; the rest:
ELSEWHERE = {
    "keys.owner": "the key is revoked and loses its name; its id stays, the books name it",
    "feedback.handled_by": "emptied",
    "users.email": "removed with the account",
    "organisation_members.user": "removed",
    "project_members.user": "removed",
    "identities.user": "removed with the account",
    "passwords.user": "removed with the account",
    "sessions.user": "removed with the account",
    "invites.email": "removed",
    "registrations.email": "removed with the account",
    "registrations.user": "removed with the account",
    "erased.user": "the id, so that records that come later are dropped",
    "series.user": "kept: the books name the id of who used what, and nothing else of them",
    "audit_log.actor_id": "kept: who administered what has to stay provable",
    "audit_log.actor_email": "kept, likewise",
    "audit_log.actor": "kept, likewise",
    "transfers.actor": "kept, likewise",
    "house_settings.changed_by": "kept: the id",
}
