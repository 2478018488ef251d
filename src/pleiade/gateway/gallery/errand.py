"""What a request for pictures says of those that shall be kept: written down before anything is made."""

from typing import Any

import msgspec

from pleiade.gateway.body import read_field
from pleiade.gateway.call import Call
from pleiade.gateway.form import Form
from pleiade.products.pictures.nouns import Kind, PictureRequest
from pleiade.products.records.rows import Owner, new_id

KINDS: dict[str, Kind] = {
    "/images/generations": "generation",
    "/images/edits": "edit",
    "/images/variations": "variation",
    "/images/outpaint": "outpaint",
}
TEXTS = ("prompt", "negative_prompt", "style", "quality", "size")
_PICTURES = ("image", "images", "mask")
_LONG_DATA = 2048  # characters of a picture in a body, by which it is told; no program shows it
_LARGEST = 256 * 1024  # bytes of a request that is kept whole: a prompt of 32,000 characters, four bytes each, doubled


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """Whose the pictures of a request are, and what is to be said of each."""

    owner: Owner
    kind: Kind
    texts: dict[str, str]
    parent: str
    request: PictureRequest
    files: tuple[tuple[str, bytes], ...] = ()
    step: str
    listed: bool = True


def errand_of(call: Call, path: str, owner: Owner) -> Errand:
    """The errand of a request for pictures that has been read. Raises ApiError for a `parent` that is no text."""
    texts = {name: read_field(call.body, name, str, "a string") or "" for name in TEXTS}
    body = {name: _shown(msgspec.json.decode(raw), name in _PICTURES) for name, raw in call.body.items()}
    if len(msgspec.json.encode(body)) > _LARGEST:  # of fields that nobody knows
        body = {name: value for name, value in body.items() if name in (*TEXTS, "model", "n")}
    files = _files(call.form)
    return Errand(
        owner=owner,
        kind=KINDS[path],
        texts=texts,
        parent=read_field(call.body, "parent", str, "a string") or "",
        request=PictureRequest(route=path, body=body, files={name: filename for name, filename, _ in files}),
        files=tuple((name, data) for name, _, data in files),
        step=new_id("step"),
    )


def _files(form: Form | None) -> list[tuple[str, str, bytes]]:
    """Field, file name and bytes of each file of a form; of a repeated field the first keeps its name."""
    found: list[tuple[str, str, bytes]] = []
    for part in form.parts if form is not None else ():
        if part.file and part.data:
            field = part.name.removesuffix("[]")
            many = sum(name == field or name.startswith(f"{field}[") for name, _, _ in found)
            name = f"{field}[{many}]" if many else field
            found.append((name[:64], f"{name}.{_ending(part.data)}", part.data))
    return found


def _ending(data: bytes) -> str:
    return {b"\x89P": "png", b"\xff\xd8": "jpg", b"RI": "webp"}.get(data[:2], "png")


def _shown(value: Any, is_picture: bool) -> Any:
    """A value of a body; pictures in it are told by their length."""
    match value:
        case str() if len(value) > _LONG_DATA and (is_picture or value.startswith("data:")):
            return f"{value[:32]}… ({len(value)} characters)"
        case list():
            return [_shown(item, is_picture) for item in value]
        case dict():
            return {name: _shown(item, is_picture) for name, item in value.items()}
    return value
