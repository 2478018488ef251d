"""Everything of a person as files: one of JSON lines for each kind of record, and their pictures and attachments."""

import zipfile
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec
import sqlalchemy as sa

from pleiade.persons.places import Subject, runs_of, tables_of
from pleiade.runs import Part
from pleiade.store import reading
from pleiade.store.chats import chat_attachments
from pleiade.store.object_storage import Objects
from pleiade.store.pictures import picture_objects
from pleiade.store.runs import run_contents, runs
from pleiade.store.tables import keys
from pleiade.store.tenants import organisation_members, project_members, users

_AT_ONCE = 500
_OURS = ("sha256", "words")  # how we find things is no thing of theirs


def gather(db: sa.Engine, subject: Subject, attachments: Objects, gallery: Objects, file: BinaryIO) -> dict[str, int]:
    """Write a zip of everything to `file`; how many records of each kind. Blocks. Raises StoreError, ObjectsError."""
    counts: dict[str, int] = {}
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, table, condition in _tables(subject):
            with archive.open(f"{name}.jsonl", "w", force_zip64=True) as lines:
                counts[name] = 0
                for row in _rows(db, sa.select(table).where(condition)):
                    lines.write(msgspec.json.encode(row, enc_hook=_text) + b"\n")
                    counts[name] += 1
        with archive.open("run_contents.jsonl", "w", force_zip64=True) as lines:
            said = sa.select(run_contents).join(runs, runs.c.id == run_contents.c.run).where(runs_of(subject))
            for row in _rows(db, said):
                parts = msgspec.msgpack.decode(bytes(row["parts"]), type=tuple[Part, ...])
                told = [{"asked": _text(part.asked), "said": _text(part.said)} for part in parts]
                lines.write(msgspec.json.encode({"run": row["run"], "parts": told}) + b"\n")
        _files(db, subject, archive, attachments, gallery)
        archive.writestr("records.json", msgspec.json.encode(counts))
    return counts


def _tables(subject: Subject) -> Iterator[tuple[str, sa.Table, sa.ColumnElement[bool]]]:
    own = keys.c.owner == subject.user
    yield "account", users, users.c.id == subject.user
    yield "memberships", organisation_members, organisation_members.c.user == subject.user
    yield "projects", project_members, project_members.c.user == subject.user
    yield "keys", keys, sa.and_(own, keys.c.organisation == subject.organisation)
    for name, (table, condition) in tables_of(subject).items():
        yield name, table, condition


def _rows(db: sa.Engine, query: sa.Select[Any]) -> Iterator[dict[str, Any]]:
    with reading(db) as connection:
        for row in connection.execution_options(yield_per=_AT_ONCE).execute(query).mappings():
            yield {name: value for name, value in row.items() if name not in _OURS}


def _files(db: sa.Engine, subject: Subject, archive: zipfile.ZipFile, attachments: Objects, gallery: Objects) -> None:
    known = tables_of(subject)
    for folder, column, name, store in (
        ("attachments", chat_attachments.c.object, "attachments", attachments),
        ("pictures", picture_objects.c.id, "picture_files", gallery),
    ):
        with reading(db) as connection:
            objects = list(connection.scalars(sa.select(column).where(known[name][1])))
        for item in objects:
            data = store.get(item)
            if data is not None:
                archive.writestr(f"{folder}/{item}", data)


def _text(value: Any) -> str:
    return bytes(value).decode(errors="replace")
