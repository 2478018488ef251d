"""From a request's JSON to all that is needed to make its response: the only reading of stored history."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import msgspec

from pleiade.gateway.errors import ApiError, bad_request, model_not_found
from pleiade.gateway.responses.body import ResponseBody, parse_body, require_model
from pleiade.gateway.responses.chat import chat_request
from pleiade.gateway.responses.identifiers import new_id
from pleiade.gateway.responses.items import Item, normalise_input, referenced_ids, without_duplicates
from pleiade.gateway.responses.picture_tool import Drawing, chosen_picture_tool, drawing_of
from pleiade.gateway.responses.resource import Response, new_response
from pleiade.gateway.responses.tools import normalise_choice, normalise_tools
from pleiade.gateway.stored import response_records
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.stored.response_records import Record

# Engines that may look at images; our own read text only.
_VISION = frozenset({"upstream", "vllm"})


REFERENCE_LIMIT = 1000  # items that an input may name instead of sending; a database takes no endless list


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A response that can be made."""

    body: ResponseBody
    request: dict[str, Any]  # the chat request that answers it; {} where a picture does
    drawing: Drawing | None = None
    input: list[Item]  # its own input items
    response: Response  # as it is before the model has spoken
    truncate: bool  # drop the oldest turns where the context is too short


async def read_conversation(
    archive: Archive, project: str, body: ResponseBody, *, images: bool
) -> tuple[list[Item], list[Item]]:
    """The whole conversation of `body` (earlier turns first), and the part of it that is its own input.

    Raises ApiError: 400 for a lost `previous_response_id` or a wrong item, 404 for a lost reference.
    """
    history: list[Item] = []
    if body.previous_response_id:
        records = await archive.read(
            partial(response_records.chain, project=project, identifier=body.previous_response_id)
        )
        history = items_of_chain(records, body.previous_response_id)
    references: dict[str, Item] = {}
    if identifiers := referenced_ids(body.input):
        if len(identifiers) > REFERENCE_LIMIT:
            raise bad_request(
                f"An input may reference at most {REFERENCE_LIMIT} items, not {len(identifiers)}: continue with "
                "'previous_response_id' instead.",
                param="input",
                code="array_above_max_length",
            )
        references = await archive.read(partial(response_records.find_items, project=project, identifiers=identifiers))
    own = normalise_input(body.input, references=references, images=images)
    return without_duplicates([*history, *own]), own


def items_of_chain(records: list[Record] | None, identifier: str) -> list[Item]:
    """All items of a chain of responses, input and output. Raises ApiError 400."""
    if records is None:
        raise bad_request(
            f"Previous response with id '{identifier[:100]}' not found.",
            param="previous_response_id",
            code="previous_response_not_found",
        )
    status = records[-1].response["status"]
    if status not in ("completed", "incomplete"):
        raise bad_request(
            f"Previous response with id '{identifier[:100]}' cannot be continued, since it is {status}.",
            param="previous_response_id",
            code="previous_response_not_complete",
        )
    return [item for record in records for item in [*record.input, *record.response["output"]]]


async def plan_response(
    archive: Archive, project: str, raw: object, *, engine: str | None, painter: Callable[[str], str]
) -> Plan:
    """The plan for a `POST /responses` body. Raises ApiError.

    `engine` is the kind of engine behind the named model, None where there is no such model; `painter` tells which
    deployment makes pictures for it.
    """
    body, unknown = parse_body(raw)
    model = require_model(body)
    if engine is None:
        raise model_not_found(model)
    conversation, own = await read_conversation(archive, project, body, images=engine in _VISION)
    tools = normalise_tools(body.tools)
    tool = chosen_picture_tool(tools, normalise_choice(body.tool_choice, tools))
    drawing = None
    if tool is not None:
        name = tool.get("model") or painter(model)
        drawing = drawing_of(tool, painter=name, conversation=conversation, own=own, kept=body.stored)
    return Plan(
        body=body,
        request={} if drawing is not None else chat_request(body, unknown, conversation, model=model),
        drawing=drawing,
        input=own,
        response=new_response(new_id("resp"), body, model=model, created=int(time.time())),
        truncate=body.truncation == "auto",
    )


def lost_response(identifier: str) -> ApiError:
    """404: this project has no such response."""
    return ApiError(404, f"Response with id '{identifier[:100]}' not found.")
