"""The tool `image_generation`: the one tool that this server runs itself, where a request chooses it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager
from typing import TYPE_CHECKING, Any, Protocol

import msgspec

from pleiade.gateway.errors import bad_request
from pleiade.gateway.problems import missing, wrong_type, wrong_value
from pleiade.gateway.responses.items import Item, text_of

if TYPE_CHECKING:
    from pleiade.gateway.call import Call

KIND = "image_generation"
CALL = "image_generation_call"
_ACTIONS = ("auto", "generate", "edit")
# Fields that the picture routes check themselves, and whose checks name them as they are named here.
_PASSED = (
    *("size", "quality", "background", "output_format", "output_compression", "moderation", "partial_images"),
    *("seed", "style", "negative_prompt"),  # of ours
)

Tool = dict[str, Any]


class Drawing(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that a response is to make."""

    fields: dict[str, Any]  # of the request to the picture route
    prompt: str
    source: str  # the picture of the gallery that is to be changed; "" = a new one
    kept: bool  # in the gallery


class Easel(Protocol):
    """Where pictures are made for this room, and kept."""

    def open(self, call: "Call", drawing: Drawing) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        """The events of the picture route, JSON one by one. Raises ApiError, before or between them."""
        ...

    async def bytes_of(self, call: "Call", picture: str) -> bytes | None:
        """The file of a picture in the caller's gallery; None where it is gone."""
        ...


def normalise_picture_tool(tool: Tool, place: str) -> Tool:
    """The tool as a response shows it. Raises ApiError for what this server cannot do."""
    if tool.get("input_image_mask") is not None:
        raise bad_request(
            "Masks are not taken here: send the picture and its mask to POST /images/edits.",
            param=f"{place}.input_image_mask",
            code="unsupported_parameter",
        )
    action = tool.get("action")
    if action is not None and action not in _ACTIONS:
        raise wrong_value(f"{place}.action", action, _ACTIONS)
    if tool.get("model") is not None and not isinstance(tool["model"], str):
        raise wrong_type(f"{place}.model", "a string", tool["model"])
    return tool


def chosen_picture_tool(tools: Sequence[Tool], choice: object) -> Tool | None:
    """The picture tool where the request chooses it; None where it offers none. Raises ApiError where it only offers.

    Whether to draw is then said by the request and never guessed: our engines' models were not trained to decide it.
    """
    offered = next((tool for tool in tools if tool["type"] == KIND), None)
    if offered is None:
        return None
    if (isinstance(choice, dict) and choice["type"] == KIND) or (choice == "required" and len(tools) == 1):
        return offered
    raise bad_request(
        "Models on this server do not decide by themselves to draw: choose the tool with 'tool_choice': "
        '{"type": "image_generation"}, or leave it out.',
        param="tool_choice",
        code="unsupported_value",
    )


def drawing_of(tool: Tool, *, painter: str, conversation: Sequence[Item], own: Sequence[Item], kept: bool) -> Drawing:
    """What the tool is to make: the words of the last message of `own`, by `painter`; a picture of the `conversation`
    changed by them where that is wished. Raises ApiError.
    """
    asked = next((item for item in reversed(own) if item["type"] == "message" and item["role"] == "user"), None)
    prompt = text_of(asked["content"]).strip() if asked is not None else ""
    if not prompt:
        raise missing("input")
    action = tool.get("action") or "auto"
    among = {"auto": own, "edit": conversation}.get(action, ())
    source = next((item["picture"] for item in reversed(among) if item["type"] == CALL and item.get("picture")), "")
    if action == "edit" and not source:
        raise bad_request(
            "There is no picture in this conversation to be changed: make one first, or send yours to POST "
            "/images/edits.",
            param="tools",
            code="no_picture_to_edit",
        )
    fields = {name: tool[name] for name in _PASSED if tool.get(name) is not None}
    return Drawing(
        fields={"model": painter, "prompt": prompt, "n": 1, **fields},
        prompt=prompt,
        source=source,
        kept=kept and tool.get("store") is not False,
    )
