"""Files that a program of ours makes, of any size: outputs of batches, results of fine-tunes."""

import time
from collections.abc import Iterable

import sqlalchemy as sa

from pleiade.files import records
from pleiade.files.contents import Arrival, Contents
from pleiade.files.nouns import File, Kept
from pleiade.files.rules import expiry
from pleiade.store import unit_of_work
from pleiade.store.files import files
from pleiade.store.object_storage import new_name

PIECE = 256 * 1024


def make(
    db: sa.Engine,
    contents: Contents,
    *,
    project: str,
    identifier: str,
    filename: str,
    purpose: str,
    pieces: Iterable[bytes],
    keep: int = 0,
) -> File:
    """Keep what `pieces` say as the file `identifier`; one of that id that is there already stays as it is.

    So who died between making a file and noting its id makes it again under the same one. Quotas do not apply: the
    work was paid for. Raises ObjectsError, StoreError, what `pieces` raise.
    """
    name = new_name("bin")
    with unit_of_work(db) as connection:
        found = connection.execute(sa.select(files).where(files.c.id == identifier)).first()
        if found is not None and found.status == records.HERE:
            return records.find(connection, project, identifier).file
        if found is not None:
            connection.execute(sa.delete(files).where(files.c.id == identifier))
        records.reserve(connection, project, identifier, name, 0, 0)
    arrival = Arrival(contents.objects, name, 2**63)
    try:
        waiting: list[bytes] = []
        size = 0
        for piece in pieces:
            waiting.append(piece)
            size += len(piece)
            if size >= PIECE:
                arrival.write(b"".join(waiting))
                waiting, size = [], 0
        arrival.write(b"".join(waiting))
        arrival.commit()
    except BaseException:
        arrival.discard()
        raise
    created = int(time.time())
    file = File(
        id=identifier,
        bytes=arrival.bytes,
        created_at=created,
        expires_at=expiry(purpose, created, keep) or None,
        filename=filename,
        purpose=purpose,
        sha256=arrival.sha256.hexdigest(),
    )
    with unit_of_work(db) as connection:
        records.finish(connection, Kept(file=file, project=project, objects=(name,)), 0)
    return file
