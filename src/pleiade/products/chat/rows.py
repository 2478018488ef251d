"""From rows of Chat to what they mean."""

from typing import Any

import msgspec

from pleiade.products.chat.calls import calls_in
from pleiade.products.chat.nouns import Attachment, Chat, Feedback, Message, Share
from pleiade.products.records.rows import SECOND, decoded, now


def chat_from(row: Any) -> Chat:
    """A row of `chats`, with `share` and `share_expires` (None where it is not shared)."""
    shared = None
    if row.share is not None and row.share_expires > now():
        shared = Share(id=row.share, expires_at=row.share_expires // SECOND)
    return Chat(
        id=row.id,
        title=row.title,
        created=row.created // SECOND,
        updated=row.updated // SECOND,
        pinned=row.pinned,
        archived=row.archived,
        folder=row.folder or None,
        deployment=row.deployment or None,
        instructions=row.instructions,
        current=row.current or None,
        temporary=row.temporary,
        shared=shared,
    )


def message_from(row: Any, attachments: list[Attachment]) -> Message:
    """A row of `chat_messages` joined with its rating: the columns of `feedback`, prefixed with `rating_`."""
    feedback = None
    if row.rating_verdict is not None:
        feedback = Feedback(
            message=row.id,
            verdict=row.rating_verdict,
            reasons=row.rating_reasons,
            correction=row.rating_correction or None,
            consent=row.rating_consent,
            created=row.rating_created // SECOND,
            updated=row.rating_updated // SECOND,
        )
    return Message(
        id=row.id,
        chat=row.chat,
        parent=row.parent or None,
        role=row.role,
        content=row.content,
        attachments=attachments,
        calls=calls_in(row.calls),
        status=row.status,
        response_id=row.response or None,
        deployment=row.deployment or None,
        error=decoded(row.error),
        usage=decoded(row.usage),
        timings=decoded(row.timings),
        content_filters=decoded(row.filters),
        feedback=feedback,
        created=row.created // SECOND,
    )


def attachment_from(row: Any, read: int = -1) -> Attachment:
    """A row of `chat_attachments` (its text may be left out), of which `read` characters were given to a model."""
    made = Attachment(
        id=row.id,
        name=row.name,
        bytes=row.bytes,
        kind=row.kind,
        pages=row.pages or None,
        characters=row.characters,
        read=1.0 if row.characters else 0.0,
        notice=row.notice or None,
        created=row.created // SECOND,
    )
    return made if read < 0 else with_read(made, read)


def with_read(made: Attachment, read: int) -> Attachment:
    """`made`, of whose text a model is given the first `read` characters."""
    if read >= made.characters:
        return made
    cut = f"The model is given the first {read:,} of {made.characters:,} characters: more does not fit."
    return msgspec.structs.replace(made, read=read / made.characters, notice=f"{made.notice or ''} {cut}".strip())
