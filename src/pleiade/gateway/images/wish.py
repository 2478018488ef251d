"""What a request for pictures says to the gateway; all else is between its client and the engine."""

import asyncio
import re
from typing import TYPE_CHECKING

import msgspec

from pleiade.domain import ModelKind
from pleiade.gateway.base_url import base_of
from pleiade.gateway.body import encode_fields, parse_object, read_body, read_field
from pleiade.gateway.call import Call
from pleiade.gateway.desk import owner_of
from pleiade.gateway.errors import bad_request
from pleiade.gateway.form import Form, parse_form
from pleiade.gateway.gallery.errand import Errand, errand_of

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway
    from pleiade.gateway.directory import Directory

GENERATIONS = "/images/generations"
# Engine routes, and what the ledger calls them; an outpainting is an edit of a larger canvas.
OPERATIONS = {
    GENERATIONS: "image_generation",
    "/images/edits": "image_edit",
    "/images/variations": "image_variation",
    "/images/outpaint": "image_edit",
}
# The files of their forms.
FILES = {"/images/edits": ("image", "mask"), "/images/variations": ("image",), "/images/outpaint": ("image", "mask")}


_PICTURE = re.compile(r"images?(\[\d*\])?|mask|markup")  # what clients send as files, with a name or without
_NUMBERS = ("n", "partial_images", "output_compression")


class Wish(msgspec.Struct, frozen=True):
    """How the pictures shall be given, and what is to be said of them."""

    url: bool  # by URL instead of base64
    prompt: str
    edited: bool  # parts of them are the client's own
    base: str  # of URLs: scheme and host, as this client reached us
    seconds: int  # for which URLs work
    organisation: str = ""  # its name
    errand: Errand | None = None  # the pictures shall be kept in the gallery


async def read_wish(call: Call, gateway: "Gateway", path: str, *, at_once: bool = False) -> Wish:
    """Read the request, whole, for the engine's route `path`; what the engine is to get stands in `call` then.

    `at_once`: its answer is wanted whole, whatever it says of a stream.

    Few fields are rewritten: `model`, where none is named and one model alone makes pictures; `response_format`, for
    pictures are signed and kept here: engines give base64; `store` and `parent`, which are about the gallery, are left
    out. Raises ApiError 400, 413.
    """
    settings = gateway.settings
    raw = await read_body(call, settings.max_body_mb)
    kind = call.headers.get(b"content-type", b"")
    if path == GENERATIONS or kind.startswith(b"application/json"):
        call.body = parse_object(raw)
    else:
        call.form = await asyncio.to_thread(parse_form, raw, kind)  # tens of megabytes, maybe
        call.body = call.form.fields
        _check_form(call.form, call)
    call.engine_path, call.operation = path, OPERATIONS[path]
    named = call.params.get("deployment") or read_field(call.body, "model", str, "a string") or ""
    said = read_field(call.body, "response_format", str, "a string")
    if said not in (None, "url", "b64_json"):
        raise bad_request(
            f"Invalid value: '{said[:40]}'. Supported values are: 'url' and 'b64_json'.",
            param="response_format",
            code="invalid_value",
        )
    store = read_field(call.body, "store", bool, "a boolean") or False
    errand = errand_of(call, path, owner_of(call)) if store else None
    changes: dict[str, str | None] = {} if said is None else {"response_format": "b64_json"}
    left_out = ("store", "parent", *(("stream", "partial_images") if at_once else ()))
    changes |= {name: None for name in left_out if name in call.body}
    if not named and (only := _only_model(gateway.directory)):
        changes["model"] = only
    _change(call, changes)
    return Wish(
        # Without a word of it, what DALL·E gave: its clients, who often name no model, look for a URL.
        url=said == "url" or (said is None and (not named or named.lower().startswith(("dall-e", "dalle")))),
        prompt=read_field(call.body, "prompt", str, "a string") or "",
        edited=call.operation == "image_edit",
        base=base_of(call, settings),
        seconds=settings.pictures_minutes * 60,
        errand=errand,
    )


def _check_form(form: Form, call: Call) -> None:
    """Refuse (ApiError 400) what an engine may read otherwise than the gateway, which judges, counts and prices it."""
    names = set[str]()
    for part in form.parts:
        if _PICTURE.fullmatch(part.name):
            continue
        if part.file:
            raise bad_request(
                f"The field '{part.name[:40]}' was sent as a file. Only pictures are files here ('image', 'mask'): "
                "send it as text, without a file name.",
                param=part.name[:40],
                code="invalid_type",
            )
        if part.name in names:
            message = f"The form has '{part.name[:40]}' more than once."
            raise bad_request(message, param=part.name[:40], code="invalid_form")
        if part.name not in call.body:
            message = f"The field '{part.name[:40]}' is too long, or is no UTF-8 text."
            raise bad_request(message, param=part.name[:40], code="invalid_value")
        names.add(part.name)
    for name in _NUMBERS:
        if bytes(call.body.get(name, b"")) != b'""':  # a blank field is one that was left out
            read_field(call.body, name, int, "an integer")


def _only_model(directory: "Directory") -> str:
    """The one deployment that makes pictures; "" where there is none, or several."""
    names = [endpoint.deployment for endpoint in directory.endpoints if endpoint.kind == ModelKind.IMAGE]
    return names[0] if len(names) == 1 else ""


def _change(call: Call, changes: dict[str, str | None]) -> None:
    """Set those fields, or leave them out (None)."""
    if not changes:
        return
    if call.form is not None:
        call.form = call.form.changed(changes)
        call.raw, call.body = call.form.raw, call.form.fields
    else:
        kept = {name: raw for name, raw in call.body.items() if name not in changes}
        new = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in changes.items() if value is not None}
        call.body = kept | new
        call.raw = encode_fields(call.body)
