"""Ratings of answers in the database: functions on a connection, within a chat that its owner has found."""

from collections.abc import Sequence

import sqlalchemy as sa

from pleiade.products.chat import messages
from pleiade.products.chat.nouns import Feedback, Verdict
from pleiade.products.records.errors import InvalidError, NotFoundError
from pleiade.products.records.rows import Owner, new_id, now
from pleiade.store.feedback import feedback


def rate(
    connection: sa.Connection,
    owner: Owner,
    chat: str,
    message: str,
    *,
    verdict: Verdict,
    reasons: Sequence[str],
    correction: str,
    consent: bool,
) -> Feedback:
    """Rate an answer, or rate it anew. Raises NotFoundError, InvalidError for what is no answer."""
    rated = messages.find(connection, chat, message)
    if rated.role != "assistant":
        raise InvalidError("Only answers are rated, and this is a question.", param="message_id")
    moment = now()
    values = {
        "project": owner.project,
        "owner": owner.id,
        "deployment": rated.deployment or "",
        "verdict": verdict,
        "reasons": list(reasons),
        "correction": correction,
        "consent": consent,
        "state": "new",  # what was changed has not been seen
        "updated": moment,
    }
    changed = connection.execute(sa.update(feedback).where(feedback.c.message == message).values(**values)).rowcount
    if not changed:
        first = {"id": new_id("feedback"), "product": "chat", "note": "", "handled_by": "", "created": moment}
        connection.execute(sa.insert(feedback).values(message=message, **first, **values))
    found = messages.find(connection, chat, message).feedback
    assert found is not None
    return found


def take_back(connection: sa.Connection, chat: str, message: str) -> None:
    """Forget a rating. Raises NotFoundError."""
    messages.find(connection, chat, message)
    gone = connection.execute(sa.delete(feedback).where(feedback.c.message == message)).rowcount
    if not gone:
        raise NotFoundError("Feedback on the message", message)
