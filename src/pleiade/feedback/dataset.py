"""Feedback as training data: one JSON object a line, of what its givers agreed to."""

from collections.abc import Iterator

import msgspec
import sqlalchemy as sa

from pleiade.feedback.inbox import list_page
from pleiade.feedback.nouns import Given, Wanted
from pleiade.feedback.subjects import about
from pleiade.products.records.rows import SECOND
from pleiade.store import reading

_AT_ONCE = 200


def lines(db: sa.Engine, wanted: Wanted) -> Iterator[bytes]:
    """Blocks of lines, the newest first; rows without consent, or of which nothing is kept, are left out. May block."""
    wanted = msgspec.structs.replace(wanted, consent=True)
    after: Given | None = None
    while True:
        with reading(db) as connection:
            rows, more = list_page(connection, wanted, after=after, limit=_AT_ONCE)
            found = [(given, about(connection, given)) for given in rows]
        yield b"".join(
            msgspec.json.encode(
                {
                    "messages": known.messages,
                    "answer": known.answer,
                    "correction": given.correction or None,
                    "verdict": given.verdict,
                    "reasons": given.reasons,
                    "product": given.product,
                    "deployment": given.deployment,
                    "feedback_id": given.id,
                    "run_id": given.run or None,
                    "created": given.created // SECOND,
                }
            )
            + b"\n"
            for given, known in found
            if known is not None
        )
        if not more:
            return
        after = rows[-1]
