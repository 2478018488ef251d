"""What clients send to the routes of feedback, and what they get."""

from collections.abc import Mapping
from typing import Annotated, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pleiade.feedback.nouns import About, Given, State, Verdict
from pleiade.products.records.rows import SECOND


class NewRunFeedback(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody thinks of the answer of a run."""

    run_id: Annotated[
        str, Meta(min_length=1, max_length=128)
    ]  # or the `x-request-id` of the call, or its response's id
    verdict: Verdict
    reasons: Annotated[list[Annotated[str, Meta(min_length=1, max_length=64)]], Meta(max_length=16)] = []
    correction: Annotated[str, Meta(max_length=100_000)] | None = None  # what it should have said
    consent: bool = False  # question and answer may be read by who looks after answers, and learned from
    product: Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")] = "api"  # what gave the answer to people


class Triage(msgspec.Struct, frozen=True, kw_only=True):
    """How far somebody has come with a row; what is left out stays."""

    state: State | UnsetType = UNSET
    note: Annotated[str, Meta(max_length=10_000)] | UnsetType = UNSET


class FeedbackRow(msgspec.Struct, frozen=True, kw_only=True):
    """Feedback as it is told."""

    object: Literal["organization.feedback"] = "organization.feedback"
    id: str
    product: str
    project_id: str
    user_id: str  # who gave it: a person, a service account, or a key that is nobody's
    user_name: str | None = None  # as they are called now, where the reader may know
    run_id: str | None
    chat_id: str | None
    message_id: str | None
    deployment: str | None
    verdict: Verdict
    reasons: list[str]
    correction: str | None
    consent: bool
    state: State
    note: str
    handled_by: str | None
    handled_by_name: str | None = None
    created_at: int
    updated_at: int


class WholeFeedback(FeedbackRow, frozen=True, kw_only=True):
    """With what it is about: null without its giver's consent, or where nothing of it is kept."""

    about: About | None


def row_of(given: Given, names: Mapping[str, str]) -> FeedbackRow:
    """A row without what it is about; `names` of people, by their ids."""
    return FeedbackRow(**_fields(given, names))  # type: ignore[arg-type]


def whole_of(given: Given, names: Mapping[str, str], about: About | None) -> WholeFeedback:
    """A row with what it is about."""
    return WholeFeedback(**_fields(given, names), about=about)  # type: ignore[arg-type]


def _fields(given: Given, names: Mapping[str, str]) -> dict[str, object]:
    return {
        "id": given.id,
        "product": given.product,
        "project_id": given.project,
        "user_id": given.owner,
        "user_name": names.get(given.owner),
        "run_id": given.run or None,
        "chat_id": given.chat or None,
        "message_id": given.message or None,
        "deployment": given.deployment or None,
        "verdict": given.verdict,
        "reasons": given.reasons,
        "correction": given.correction or None,
        "consent": given.consent,
        "state": given.state,
        "note": given.note,
        "handled_by": given.handled_by or None,
        "handled_by_name": names.get(given.handled_by),
        "created_at": given.created // SECOND,
        "updated_at": given.updated // SECOND,
    }
