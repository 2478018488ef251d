"""Feedback on a run, as a client of the API gives it: one of each giver, which a later one changes."""

from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from pleiade.feedback.nouns import Verdict
from pleiade.products.records.rows import Owner, new_id, now
from pleiade.runs import Run
from pleiade.store.feedback import feedback


def give(
    connection: sa.Connection,
    owner: Owner,
    run: Run,
    *,
    product: str,
    verdict: Verdict,
    reasons: Sequence[str],
    correction: str,
    consent: bool,
) -> str:
    """Keep what `owner` thinks of a run; the feedback's id. What was changed is new in the inbox again."""
    moment = now()
    values = {
        "product": product,
        "deployment": run.deployment[:256],
        "verdict": verdict,
        "reasons": list(reasons),
        "correction": correction,
        "consent": consent,
        "state": "new",
        "updated": moment,
    }
    first = {"id": new_id("feedback"), "note": "", "handled_by": "", "created": moment}
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    written = (
        insert(feedback)
        .values(project=owner.project, owner=owner.id, run=run.id, **first, **values)
        .on_conflict_do_update(index_elements=["project", "owner", "run"], set_=values)
        .returning(feedback.c.id)
    )
    identifier: str = connection.execute(written).scalar_one()
    return identifier
