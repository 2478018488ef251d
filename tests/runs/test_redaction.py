"""What is kept of what was said holds none of the personal data that has a form, and no more than fits."""

import msgspec
import pytest
from records import a_run

from pleiade.runs import Part
from pleiade.runs.redaction import MOST_BYTES, readied, redact

PERSONAL = [
    ("ada.lovelace+x@mail.example.co.uk", "[e-mail]"),
    ("4111 1111 1111 1111", "[card]"),
    ("5500-0000-0000-0004", "[card]"),
    ("DE89 3704 0044 0532 0130 00", "[iban]"),
    ("FR1420041010050500013M02606", "[iban]"),
    ("+49 30 901820", "[phone]"),
    ("0033 1 42 68 53 00", "[phone]"),
    ("01 42 68 53 00", "[phone]"),
    ("192.168.17.4", "[ip]"),
    ("sk-pleiade-abcdefgh0123456789", "[key]"),
]
HARMLESS = [
    "1234 5678 9012 3456",  # no card: its check digit is wrong
    "version 1.2.3.4567",
    "2026-11-23 10:15:30",
    "the years 1914 1918 1939 1945",
    "1_000_000_007 is a prime",
    "pi is 3.14159265358979323846",
    "ISO 9001:2015, page 12",
    "GB00 0000 0000 0000 0000 00",
]


@pytest.mark.parametrize(("text", "name"), PERSONAL)
def test_personal_data_is_replaced_by_its_kind(text: str, name: str) -> None:
    assert redact(f"Write to {text}, please") == f"Write to {name}, please"


@pytest.mark.parametrize("text", HARMLESS)
def test_other_numbers_stay(text: str) -> None:
    assert redact(text) == text


def kept(asked: object, said: bytes, *, stream: bool = False, redacting: bool = True) -> Part:
    body = asked if isinstance(asked, bytes) else msgspec.json.encode(asked)
    run = a_run(parts=(Part(body, said, stream=stream, cut=False),))
    return readied(run, redacting=redacting).parts[0]


def test_texts_of_a_request_are_redacted_wherever_they_stand() -> None:
    body = {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "I am a@b.example"}]}],
        "user": "a@b.example",
    }
    part = kept(body, b'{"choices":[{"message":{"content":"Hello a@b.example"}}]}')
    assert b"@" not in part.asked + part.said
    assert msgspec.json.decode(part.asked)["messages"][0]["content"][0]["text"] == "I am [e-mail]"


def test_an_address_that_is_streamed_in_pieces_is_found() -> None:
    events = b"".join(
        b'data: {"choices":[{"delta":{"content":"' + piece + b'"}}]}\n\n'
        for piece in (b"To ada", b"@exa", b"mple.org", b".")
    )
    assert kept({}, events + b"data: [DONE]\n\n", stream=True).said == b"To [e-mail]."


def test_what_is_half_a_request_is_redacted_too() -> None:
    assert kept(b'{"messages":[{"content":"a@b.example', b"\xff").asked == b'{"messages":[{"content":"[e-mail]'


def test_pictures_are_told_by_their_size() -> None:
    part = kept(
        {"image_url": {"url": "data:image/png;base64," + "A" * 5000}}, b'{"data":[{"b64_json":"' + b"B" * 4000 + b'"}]}'
    )
    assert b"[5022 characters of data]" in part.asked
    assert b"[4000 characters of data]" in part.said


def test_long_texts_are_cut_and_say_so() -> None:
    part = kept({"content": "é " * MOST_BYTES}, b"{}")
    assert len(part.asked) <= MOST_BYTES
    part.asked.decode()
    assert part.cut
    assert not kept({}, b"{}").cut


def test_redaction_can_be_switched_off() -> None:
    assert b"a@b.example" in kept({"content": "a@b.example"}, b"{}", redacting=False).asked
