"""What was said, made ready to be kept: personal data replaced by what kind it was, pictures and files by their size.

Patterns find what has a form: addresses, numbers with check digits, keys. They cannot know names or what is private
otherwise; who keeps contents should say so to those who are asked.
"""

import re
from collections.abc import Callable
from typing import Any

import msgspec

from pleiade.runs.nouns import Part, Run

MOST_BYTES = 64_000  # of what was asked, and of what was said, each
MOST_PARTS = 8  # calls of a model that one run made
_LONG_BASE64 = re.compile(r"(data:[\w/+.;=-]{0,80},)?[A-Za-z0-9+/_-]{2000,}={0,2}")


def _luhn(digits: str) -> bool:
    doubled = [int(digit) * (2 if place % 2 else 1) for place, digit in enumerate(reversed(digits))]
    return sum(number - 9 if number > 9 else number for number in doubled) % 10 == 0


def _is_card(text: str) -> bool:
    digits = re.sub(r"\D", "", text)
    return 13 <= len(digits) <= 19 and digits[0] in "23456" and _luhn(digits)  # ISO/IEC 7812: whose numbers are cards


def _is_iban(text: str) -> bool:
    """ISO 13616: the first four characters moved to the end, letters as numbers, modulo 97."""
    plain = text.replace(" ", "")
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _is_phone(text: str) -> bool:
    return 8 <= len(re.sub(r"\D", "", text)) <= 15


_ALWAYS: Callable[[str], bool] = bool
# What it becomes, what it looks like, and whether it really is one. Keys and addresses first: numbers stand in them.
PATTERNS: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("[key]", re.compile(r"\b(?:sk|pk|rk|ghp|gho|xox[abp]|AKIA|eyJ)[-_A-Za-z0-9.]{16,}"), _ALWAYS),
    ("[e-mail]", re.compile(r"\b[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,5}\b"), _ALWAYS),
    ("[iban]", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?\b"), _is_iban),
    ("[card]", re.compile(r"(?<![\w.-])\d(?:[ -]?\d){12,18}(?![\w-])"), _is_card),
    (
        "[ip]",
        re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])"),
        _ALWAYS,
    ),
    ("[phone]", re.compile(r"(?<![\w.+-])(?:\+|00)\d(?:[ .()/-]{0,2}\d){7,14}(?![\w-])"), _is_phone),
    ("[phone]", re.compile(r"(?<![\w.+-])0\d(?:[ ./-]\d{2,4}){3,5}(?![\w-])"), _is_phone),
)


def redact(text: str) -> str:
    """`text` without what the patterns know."""
    for name, pattern, really in PATTERNS:
        text = pattern.sub(lambda match, name=name, really=really: name if really(match[0]) else match[0], text)  # type: ignore[misc]
    return text


def readied(run: Run, *, redacting: bool) -> Run:
    """`run` as it may be kept: its contents short enough, and without personal data where `redacting`."""
    if not run.parts:
        return run
    parts = [_readied(part, redacting) for part in run.parts[:MOST_PARTS]]
    return msgspec.structs.replace(run, parts=tuple(parts))


def _readied(part: Part, redacting: bool) -> Part:
    said = part.said
    cut = part.cut
    texts = []
    for text in (_asked_text(part.asked, redacting), _said_text(said, part.stream, redacting)):
        data = text.encode(errors="replace")
        cut = cut or len(data) > MOST_BYTES
        texts.append(data[:MOST_BYTES].decode(errors="ignore").encode())
    return Part(asked=texts[0], said=texts[1], stream=part.stream, cut=cut)


def _asked_text(body: bytes, redacting: bool) -> str:
    """A request as JSON, each text in it readied."""
    return _json_text(body, redacting)


def _said_text(data: bytes, stream: bool, redacting: bool) -> str:
    """An answer as JSON; of a stream the text that its events make together."""
    if not stream:
        return _json_text(data, redacting)
    said: list[str] = []
    for line in data.split(b"\n"):
        if line.startswith(b"data: {"):
            said.append(_said_in(line[6:]))
    return _shortened("".join(said), redacting)


class _Delta(msgspec.Struct, frozen=True):
    content: str | None = None
    reasoning_content: str | None = None
    tool_calls: msgspec.Raw = msgspec.Raw()


class _Choice(msgspec.Struct, frozen=True):
    delta: _Delta = _Delta()
    text: str = ""


class _Chunk(msgspec.Struct, frozen=True):
    choices: tuple[_Choice, ...] = ()


_chunks = msgspec.json.Decoder(_Chunk)


def _said_in(event: bytes) -> str:
    try:
        choices = _chunks.decode(event).choices
    except msgspec.DecodeError:  # the last one that was kept may be half of one
        return ""
    return "".join(
        (one.delta.reasoning_content or "")
        + (one.delta.content or one.text)
        + (bytes(one.delta.tool_calls).decode(errors="replace") if one.delta.tool_calls else "")
        for one in choices
    )


def _json_text(data: bytes, redacting: bool) -> str:
    try:
        return msgspec.json.encode(_walked(msgspec.json.decode(data), redacting)).decode()
    except (msgspec.DecodeError, RecursionError):  # cut, or never JSON
        return _shortened(data.decode(errors="replace"), redacting)


def _walked(value: Any, redacting: bool) -> Any:
    if isinstance(value, str):
        return _shortened(value, redacting)
    if isinstance(value, list):
        return [_walked(item, redacting) for item in value]
    if isinstance(value, dict):
        return {_shortened(name, redacting): _walked(item, redacting) for name, item in value.items()}
    return value


def _shortened(text: str, redacting: bool) -> str:
    text = _LONG_BASE64.sub(lambda match: f"[{len(match[0])} characters of data]", text)
    return redact(text) if redacting else text
