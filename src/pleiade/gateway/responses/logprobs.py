"""Log-probabilities: chat's form → the two forms of the Responses API."""

from collections.abc import Iterable
from typing import Any

Logprob = dict[str, Any]


def text_logprobs(chat: Iterable[Logprob]) -> list[Logprob]:
    """As a finished part carries them: token, bytes (never null), logprob, top_logprobs."""
    return [
        {**_with_bytes(entry), "top_logprobs": [_with_bytes(top) for top in entry.get("top_logprobs") or ()]}
        for entry in chat
    ]


def delta_logprobs(chat: Iterable[Logprob]) -> list[Logprob]:
    """As `response.output_text.delta` and `.done` carry them: the same without bytes."""
    return [
        {
            "token": entry["token"],
            "logprob": entry["logprob"],
            "top_logprobs": [
                {"token": top["token"], "logprob": top["logprob"]} for top in entry.get("top_logprobs") or ()
            ],
        }
        for entry in chat
    ]


def _with_bytes(entry: Logprob) -> Logprob:
    # Chat allows null for tokens without a byte form; the Responses API does not.
    given = entry.get("bytes")
    octets = list(entry["token"].encode()) if given is None else given
    return {"token": entry["token"], "bytes": octets, "logprob": entry["logprob"]}
