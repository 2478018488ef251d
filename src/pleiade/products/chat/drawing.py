"""From a question that asks for a picture to the body of a request to the Responses API."""

from collections.abc import Mapping, Sequence
from typing import Any

from pleiade.products.chat.asking import Asked, said, unsent
from pleiade.products.chat.calls import calls_in, picture_in
from pleiade.products.chat.commands import PictureWish
from pleiade.products.chat.messages import Turn
from pleiade.products.records.errors import InvalidError

TOOL = "image_generation"
_PARTIALS = 3


def draw(
    turns: Sequence[Turn],
    wish: PictureWish,
    deployment: str,
    options: Mapping[str, Any],
    *,
    kept: bool,
    chained: bool = True,
) -> Asked:
    """The request for the picture that the last of `turns` asks for.

    `options` are fields of the tool (size, seed, …); `kept` says whether it goes to the gallery. Raises InvalidError
    where there are no words, or no picture to be changed.
    """
    if not wish.words:
        raise InvalidError("Say what the picture shall show, for example: /image a red fox in snow", param="content")
    previous, fresh = unsent(turns, chained=chained)
    items: list[dict[str, Any]] = [
        {"role": turn.role, "content": words} for turn in fresh[:-1] if (words := said(turn))
    ]
    if wish.changes:
        items.append({"type": "image_generation_call", "id": _last_picture(turns)})
    items.append({"role": "user", "content": wish.words})
    tool = {"type": TOOL, "partial_images": _PARTIALS, **options}
    tool["action"] = "edit" if wish.changes else "generate"
    if not kept:
        tool["store"] = False
    body = {"model": deployment, "input": items, "tools": [tool], "tool_choice": {"type": TOOL}}
    if previous:
        body["previous_response_id"] = previous
    return Asked(body | {"background": True, "stream": True, "store": True}, {})


def _last_picture(turns: Sequence[Turn]) -> str:
    for turn in reversed(turns):
        if (call := picture_in(calls_in(turn.calls))) is not None:
            return str(call["id"])
    raise InvalidError(
        "There is no picture above that could be changed: ask for one with /image first.", code="no_picture_to_edit"
    )
