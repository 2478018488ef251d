"""Compaction: a long conversation becomes one item that carries its summary.

OpenAI calls the field `encrypted_content`. Ours is base64 of JSON: opaque to clients, but no secret, since
whoever holds it already held the conversation.
"""

import base64
import binascii
from typing import Any

import msgspec

from pleiade.gateway.errors import bad_request
from pleiade.gateway.responses.identifiers import new_id

Item = dict[str, Any]
Message = dict[str, Any]

SUMMARY_TOKENS = 512  # room for the summary; the point is that it is short
_ASK = (
    "Summarise the conversation above so that it can go on without it: the facts, the decisions, the open "
    "questions, and what the user wants next. Answer with the summary only."
)


def compaction_messages(messages: list[Message]) -> list[Message]:
    """The chat messages that ask a model to summarise `messages`."""
    return [*messages, {"role": "user", "content": _ASK}]


def compaction_item(summary: str) -> Item:
    """An item that stands for the conversation that `summary` sums up."""
    packed = base64.urlsafe_b64encode(msgspec.json.encode({"v": 1, "summary": summary})).decode()
    return {"id": new_id("cmp"), "type": "compaction", "encrypted_content": packed}


def summary_of(item: Item) -> str:
    """The summary in a compaction item. Raises ApiError where the item was not made here."""
    try:
        content = msgspec.json.decode(base64.urlsafe_b64decode(item["encrypted_content"]))
        summary = content["summary"]
        if isinstance(summary, str):
            return summary
    except (binascii.Error, ValueError, KeyError, TypeError):
        pass
    raise bad_request(
        "The 'encrypted_content' of a compaction item cannot be read: send it exactly as "
        "POST /responses/compact on this server gave it.",
        param="input",
        code="invalid_encrypted_content",
    )
