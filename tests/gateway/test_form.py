"""Forms: files reach an engine byte for byte, whatever is changed beside them; what is no form is said to be none."""

import contextlib
from email import message_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pleiade.gateway.errors import ApiError
from pleiade.gateway.form import MOST_PARTS, parse_form

BOUNDARY = "x7MA4YWxk"
TYPE = f"multipart/form-data; boundary={BOUNDARY}".encode()
NAMES = st.text(alphabet="abcdefghij_[]", min_size=1, max_size=8)
DATA = st.binary(max_size=60).filter(lambda data: f"\r\n--{BOUNDARY}".encode() not in b"\r\n" + data)


def form_body(*parts: tuple[str, bytes, bool]) -> bytes:
    """A form as clients write it."""
    pieces = []
    for name, data, file in parts:
        filename = '; filename="a.png"\r\nContent-Type: image/png' if file else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{filename}\r\n\r\n'
        pieces.append(head.encode() + data + b"\r\n")
    return b"".join([*pieces, f"--{BOUNDARY}--\r\n".encode()])


def read(raw: bytes) -> list[tuple[str, bytes]]:
    """What another reader of forms finds in it."""
    message = message_from_bytes(b"Content-Type: " + TYPE + b"\r\n\r\n" + raw)
    return [
        (part.get_param("name", header="content-disposition"), part.get_payload(decode=True))
        for part in message.get_payload()
    ]


@given(st.lists(st.tuples(NAMES, DATA, st.booleans()), min_size=1, max_size=6), st.text("xyz é", min_size=1))
def test_a_changed_field_changes_no_other_part(parts: list[tuple[str, bytes, bool]], value: str) -> None:
    form = parse_form(form_body(*parts), TYPE)
    assert [(part.name, part.data, part.file) for part in form.parts] == parts
    changed = parse_form(form.changed({"model": value, "gone": None}).raw, TYPE)
    assert [(part.name, part.data, part.file) for part in changed.parts] == [*parts, ("model", value.encode(), False)]


def test_another_reader_reads_the_same() -> None:
    raw = form_body(("image[]", b"\x89PNG\r\n\x00", True), ("model", b"pix", False), ("n", b"2", False))
    changed = parse_form(raw, TYPE).changed({"model": "dall-e-2"})
    assert read(changed.raw) == [("image[]", b"\x89PNG\r\n\x00"), ("n", b"2"), ("model", b"dall-e-2")]


def test_texts_are_read_as_the_json_that_they_stand_for() -> None:
    fields = {"n": b"2", "stream": b"True", "prompt": b'a "b"', "size": b"64x64", "mask": b"\xff\xfe", "user": b"7"}
    form = parse_form(form_body(*((name, data, False) for name, data in fields.items()), ("image", b"5", True)), TYPE)
    assert {name: bytes(raw) for name, raw in form.fields.items()} == {
        "n": b"2",
        "stream": b"true",
        "prompt": b'"a \\"b\\""',
        "size": b'"64x64"',
        "user": b'"7"',
    }


@pytest.mark.parametrize(
    ("raw", "kind", "why"),
    [
        (form_body(("a", b"1", False))[:-9], TYPE, "ends before"),
        (b"", TYPE, "ends before"),
        (b"{}", TYPE, "boundary"),
        (form_body(("a", b"1", False)), b"multipart/form-data", "names no boundary"),
        (form_body(("a", b"1", False)), b"text/plain", "names no boundary"),
        (form_body(*[("a", b"1", False)] * (MOST_PARTS + 1)), TYPE, "more than"),
        (form_body(("a", b"1", False)).replace(b'; name="a"', b""), TYPE, "no name"),
        (form_body(("a" * 10_000, b"1", False)), TYPE, "header"),
    ],
)
def test_what_is_no_form_is_told_why(raw: bytes, kind: bytes, why: str) -> None:
    with pytest.raises(ApiError, match=why) as caught:
        parse_form(raw, kind)
    assert caught.value.status == 400


@given(st.binary(max_size=300))
def test_no_bytes_break_the_reader(junk: bytes) -> None:
    with contextlib.suppress(ApiError):  # and nothing else
        parse_form(junk, TYPE)
