"""The things of the gallery, as its routes show them. Times are Unix seconds; ids are opaque."""

from typing import Any, Literal

import msgspec

Kind = Literal["generation", "edit", "variation", "outpaint", "upload"]
Format = Literal["png", "webp", "jpeg", "svg"]


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A picture that is kept, and what it came from."""

    id: str
    object: Literal["gallery.picture"] = "gallery.picture"
    created: int
    title: str
    kind: Kind
    prompt: str
    negative_prompt: str
    revised_prompt: str  # what the model read instead of the prompt; "" = the prompt itself
    deployment: str
    model: str
    seed: int | None
    style: str
    quality: str
    size: str  # as it was asked for; "" = not said
    width: int
    height: int
    bytes: int
    format: Format
    background: str
    parent: str | None  # the picture that it was made from
    step: str  # shared by the pictures of one request
    favourite: bool


class PictureList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of pictures, newest first."""

    object: Literal["list"] = "list"
    data: list[Picture]
    first_id: str | None
    last_id: str | None
    has_more: bool


class PictureRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What made a picture: a route, its fields, and of its files the names and whose bytes they were."""

    route: str
    body: dict[str, Any]
    files: dict[str, str] = {}  # names of files, by field of the form
    pictures: dict[str, str] = {}  # pictures of the gallery that were sent as those, by the same fields


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a picture when it is kept."""

    kind: Kind
    title: str = ""
    prompt: str = ""
    negative_prompt: str = ""
    revised_prompt: str = ""
    deployment: str = ""
    model: str = ""
    seed: int = -1  # not known
    style: str = ""
    quality: str = ""
    size: str = ""
    width: int
    height: int
    bytes: int
    format: str
    background: str = ""
    parent: str = ""
    step: str
    listed: bool = True


class Blob(msgspec.Struct, frozen=True):
    """Bytes that a picture uses: its own ("picture"), or a file of the form that made it."""

    name: str
    object: str  # in which they are kept
    sha256: str
    bytes: int
