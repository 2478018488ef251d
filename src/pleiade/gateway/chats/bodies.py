"""What clients send to the routes of Chat."""

from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from pleiade.products.chat.nouns import Verdict

Title = Annotated[str, Meta(max_length=200)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Instructions = Annotated[str, Meta(max_length=100_000)]
Deployment = Annotated[str, Meta(max_length=256)]
Identifier = Annotated[str, Meta(max_length=64)]


class NewChat(msgspec.Struct, frozen=True, kw_only=True):
    """A chat to begin."""

    title: Title = ""
    folder: Identifier | None = None
    deployment: Deployment | None = None
    instructions: Instructions = ""
    temporary: bool = False


class ChatChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change in a chat; what is left out stays, null takes away."""

    title: Title | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET
    archived: bool | UnsetType = UNSET
    folder: Identifier | UnsetType | None = UNSET
    deployment: Deployment | UnsetType | None = UNSET
    instructions: Instructions | UnsetType = UNSET
    current: Identifier | UnsetType | None = UNSET


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A question; or, with the role of the assistant, an answer that somebody wrote or drew."""

    content: Annotated[str, Meta(max_length=1_000_000)] = ""
    parent: Identifier | UnsetType | None = UNSET  # left out: the message that is shown last; null: none
    role: Literal["user", "assistant"] = "user"
    attachments: list[Identifier] = []


class NewAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An answer to make. What is left out is taken from the chat, then from its folder."""

    parent: Identifier | UnsetType = UNSET  # the question; left out: the message that is shown last
    deployment: Deployment | None = None
    temperature: Annotated[float, Meta(ge=0, le=2)] | None = None
    top_p: Annotated[float, Meta(ge=0, le=1)] | None = None
    max_output_tokens: Annotated[int, Meta(ge=1)] | None = None
    instructions: Instructions | None = None
    tools: list[Any] | None = None


class NewFolder(msgspec.Struct, frozen=True, kw_only=True):
    """A folder to make."""

    name: Name
    instructions: Instructions = ""
    deployment: Deployment | None = None
    attachments: list[Identifier] = []


class FolderChanges(msgspec.Struct, frozen=True, kw_only=True):
    """What is to change in a folder; what is left out stays."""

    name: Name | UnsetType = UNSET
    instructions: Instructions | UnsetType = UNSET
    deployment: Deployment | UnsetType | None = UNSET
    attachments: list[Identifier] | UnsetType = UNSET


class NewFeedback(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody thinks of an answer."""

    verdict: Verdict
    reasons: Annotated[list[Annotated[str, Meta(max_length=64)]], Meta(max_length=16)] = []
    correction: Annotated[str, Meta(max_length=100_000)] | None = None
    consent: bool = False


class NewShare(msgspec.Struct, frozen=True, kw_only=True):
    """A link to make."""

    expires_in_seconds: Annotated[int, Meta(ge=60, le=365 * 24 * 3600)] = 7 * 24 * 3600
