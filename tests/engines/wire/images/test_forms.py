import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.engines.wire.errors import ApiError
from pleiade.engines.wire.images.forms import MAX_PARTS, MAX_TEXT, Part, read_form

TYPE = "multipart/form-data; boundary=line"


def body(*parts: tuple[bytes, bytes]) -> bytes:
    """A form written by hand; each part is its head and its data."""
    return b"".join(b"--line\r\n%b\r\n\r\n%b\r\n" % part for part in parts) + b"--line--\r\n"


def named(name: bytes) -> bytes:
    return b'Content-Disposition: form-data; name="%b"' % name


def refused(data: bytes, content_type: str = TYPE) -> ApiError:
    with pytest.raises(ApiError) as caught:
        list(read_form(data, content_type))
    assert (caught.value.status, caught.value.code) == (400, "invalid_form")
    return caught.value


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.from_regex(r"[a-z_\[\]]{1,20}", fullmatch=True), st.binary(max_size=300)), max_size=8))
def test_any_bytes_come_out_as_they_went_in(fields: list[tuple[str, bytes]]) -> None:
    fields = [(name, data) for name, data in fields if b"--line" not in data]
    found = list(read_form(body(*((named(name.encode()), data) for name, data in fields)), TYPE)) if fields else []
    assert found == [Part(name, data) for name, data in fields]


@pytest.mark.parametrize(
    "head",
    [
        named(b"prompt"),
        named(b"prompt") + b"\r\nContent-Type: text/plain; charset=utf-8",  # aiohttp
        named(b"prompt") + b'; filename="prompt.txt"',  # curl -F prompt=@file
        b"content-disposition: form-data; name=prompt",
        b'Content-Type: text/plain\r\nContent-Disposition: form-data; name="prompt"',
    ],
)
def test_a_field_is_a_field_however_a_client_writes_it(head: bytes) -> None:
    (part,) = read_form(body((head, "chat à l'île 🎈".encode())), TYPE)
    assert part.name == "prompt"
    assert part.text() == "chat à l'île 🎈"


def test_a_broken_form_is_refused() -> None:
    whole = body((named(b"prompt"), b"a cat"))
    for cut in range(len(whole) - 3):
        refused(whole[:cut])
    refused(whole, "multipart/form-data")
    refused(whole, "multipart/form-data; boundary=another")
    refused(b"not a form", TYPE)
    refused(body((b"Content-Type: text/plain", b"nameless")))
    refused(whole, "multipart/form-data; boundary=" + "x" * 2000)


def test_thousands_of_parts_are_refused() -> None:
    assert f"more than {MAX_PARTS}" in refused(body(*[(named(b"f%d" % number), b"") for number in range(5000)])).message


def test_heads_without_end_are_refused() -> None:
    refused(body((named(b"a") + b"\r\nX-Long: " + b"y" * 100_000, b"")))
    refused(body((named(b"a") + b"".join(b"\r\nX-%d: y" % number for number in range(1000)), b"")))


def test_a_text_that_is_too_long_or_no_text_is_refused_by_name() -> None:
    for data, code in ((b"a" * (MAX_TEXT + 1), "string_above_max_length"), (b"\xff\xfe", "invalid_encoding")):
        with pytest.raises(ApiError) as caught:
            Part("prompt", data).text()
        assert (caught.value.param, caught.value.code) == ("prompt", code)
