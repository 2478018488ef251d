"""Input items: what a client may send, brought to the one form that is stored, listed and translated."""

from collections.abc import Iterable, Mapping
from typing import Any

from pleiade.gateway.errors import ApiError, bad_request
from pleiade.gateway.problems import missing, wrong_type, wrong_value
from pleiade.gateway.responses.identifiers import new_id

Item = dict[str, Any]

ROLES = ("user", "assistant", "system", "developer")
_PREFIXES = {
    "message": "msg",
    "function_call": "fc",
    "function_call_output": "fco",
    "reasoning": "rs",
    "compaction": "cmp",
}
_BY_ID = ("item_reference", "image_generation_call")  # stand for the stored item of that id
SUPPORTED_ITEMS = (*_PREFIXES, *_BY_ID)


def referenced_ids(given: object) -> list[str]:
    """Ids of earlier items that the input points to (`item_reference`), for the caller to look up."""
    if not isinstance(given, list):
        return []
    return [
        item["id"]
        for item in given
        if isinstance(item, dict) and _type_of(item) in _BY_ID and isinstance(item.get("id"), str)
    ]


def normalise_input(
    given: str | list[Any] | None,
    *,
    references: Mapping[str, Item] | None = None,
    images: bool = False,
) -> list[Item]:
    """The input as a list of items in stored form, each with an id.

    `references` holds the items that `item_reference` entries point to; `images` says whether the model can
    look at pictures. Raises ApiError naming the place, e.g. `input[0].content[1]`.
    """
    if given is None:
        return []
    if isinstance(given, str):
        return [_message("user", [{"type": "input_text", "text": given}])]
    return [_normalise(item, f"input[{index}]", references or {}, images) for index, item in enumerate(given)]


def without_duplicates(items: Iterable[Item]) -> list[Item]:
    """The items, each id once: a client may send an item that the chain of responses already holds."""
    seen: dict[str, Item] = {}
    for item in items:
        seen.setdefault(item["id"], item)
    return list(seen.values())


def text_of(content: str | list[Item]) -> str:
    """The text of an item's content or output, its parts joined."""
    if isinstance(content, str):
        return content
    return "".join(part.get("text") or part.get("refusal") or "" for part in content)


def _type_of(item: Mapping[str, Any]) -> object:
    """The item's type; a bare `{"role": …, "content": …}` is a message, a bare `{"id": …}` a reference."""
    if (kind := item.get("type")) is not None:
        return kind
    return "item_reference" if "role" not in item and "id" in item else "message"


def _normalise(item: object, place: str, references: Mapping[str, Item], images: bool) -> Item:
    if not isinstance(item, dict):
        raise wrong_type(place, "an object", item)
    kind = _type_of(item)
    if kind == "message":
        return _normalise_message(item, place, images)
    if kind == "function_call":
        for name in ("call_id", "name", "arguments"):
            _string(item, name, place)
        return _stamp(item, "function_call", ("call_id", "name", "arguments"))
    if kind == "function_call_output":
        _string(item, "call_id", place)
        return _normalise_output(item, place)
    if kind == "reasoning":
        return _stamp({"summary": [], **item}, "reasoning", ("summary", "content", "encrypted_content"))
    if kind == "compaction":
        _string(item, "encrypted_content", place)
        return _stamp(item, "compaction", ("encrypted_content",), status=False)
    if kind in _BY_ID:
        identifier = _string(item, "id", place)
        if identifier not in references:
            raise ApiError(
                404,
                f"Item with id '{identifier}' not found. Only items of stored responses can be referenced: "
                "send the item itself.",
                param=place,
            )
        return references[identifier]
    if isinstance(kind, str):
        raise bad_request(
            f"Items of type '{kind}' are not supported on this server. Supported types are: "
            + ", ".join(f"'{name}'" for name in SUPPORTED_ITEMS)
            + ".",
            param=f"{place}.type",
            code="invalid_value",
        )
    raise wrong_type(f"{place}.type", "a string", kind)


def _normalise_message(item: Item, place: str, images: bool) -> Item:
    role = item.get("role")
    if role is None:
        raise missing(f"{place}.role")
    if role not in ROLES:
        raise wrong_value(f"{place}.role", role, ROLES)
    content = item.get("content")
    if isinstance(content, str):
        content = [{"type": "output_text" if role == "assistant" else "input_text", "text": content}]
    if content is None:
        raise missing(f"{place}.content")
    if not isinstance(content, list):
        raise wrong_type(f"{place}.content", "a string or an array", content)
    parts = [_normalise_part(part, role, f"{place}.content[{index}]", images) for index, part in enumerate(content)]
    return _message(role, parts, item.get("id"))


def _normalise_part(part: object, role: str, place: str, images: bool) -> Item:
    if not isinstance(part, dict):
        raise wrong_type(place, "an object", part)
    kind = part.get("type")
    if kind in ("input_text", "output_text", "text"):
        text = _string(part, "text", place)
        if role == "assistant":
            return {
                "type": "output_text",
                "text": text,
                "annotations": part.get("annotations") or [],
                "logprobs": part.get("logprobs") or [],
            }
        return {"type": "input_text", "text": text}
    if kind == "refusal" and role == "assistant":
        return {"type": "refusal", "refusal": _string(part, "refusal", place)}
    if kind == "input_image":
        return _normalise_image(part, place, images)
    if kind in ("input_file", "input_audio"):
        raise bad_request(
            f"Content of type '{kind}' is not supported on this server: send its text as 'input_text'.",
            param=f"{place}.type",
            code="unsupported_content_type",
        )
    supported = ("output_text", "refusal") if role == "assistant" else ("input_text", "input_image")
    raise wrong_value(f"{place}.type", kind, supported)


def _normalise_image(part: Item, place: str, images: bool) -> Item:
    if not images:
        raise bad_request(
            "This model reads text only and cannot look at images: send text, or choose a model with vision.",
            param=place,
            code="unsupported_content_type",
        )
    if not part.get("image_url"):
        raise bad_request(
            "Send the image itself in 'image_url' (an https or data URL): files are not kept here.",
            param=f"{place}.image_url",
            code="missing_required_parameter",
        )
    image = _string(part, "image_url", place)
    return {
        "type": "input_image",
        "image_url": image,
        "file_id": None,
        "detail": part.get("detail") or "auto",
    }


def _normalise_output(item: Item, place: str) -> Item:
    output = item.get("output")
    if output is None:
        raise missing(f"{place}.output")
    if isinstance(output, list):
        output = [_normalise_part(part, "tool", f"{place}.output[{index}]", False) for index, part in enumerate(output)]
    elif not isinstance(output, str):
        raise wrong_type(f"{place}.output", "a string or an array", output)
    return _stamp({**item, "output": output}, "function_call_output", ("call_id", "output"))


def _message(role: str, content: list[Item], identifier: object = None) -> Item:
    return {
        "id": identifier if isinstance(identifier, str) and identifier else new_id("msg"),
        "type": "message",
        "status": "completed",
        "role": role,
        "content": content,
    }


def _stamp(item: Item, kind: str, fields: tuple[str, ...], *, status: bool = True) -> Item:
    """The fields of `item` that we keep, with its type, its id (a new one if it has none) and status."""
    identifier = item.get("id")
    stamped: Item = {
        "id": identifier if isinstance(identifier, str) and identifier else new_id(_PREFIXES[kind]),
        "type": kind,
    }
    if status:
        stamped["status"] = "completed"
    stamped |= {name: item[name] for name in fields if name in item}
    return stamped


def _string(item: Item, name: str, place: str) -> str:
    value = item.get(name)
    if value is None:
        raise missing(f"{place}.{name}")
    if not isinstance(value, str):
        raise wrong_type(f"{place}.{name}", "a string", value)
    return value
