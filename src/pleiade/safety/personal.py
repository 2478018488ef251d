"""Personal data by rules: what has a form that can be checked. Names and addresses have none and are not looked for."""

import re
from collections.abc import Callable, Iterator

import msgspec


class Found(msgspec.Struct, frozen=True):
    """A piece of personal data: what it is and where it stands, in characters."""

    kind: str
    start: int
    end: int


def find_personal(text: str) -> list[Found]:
    """All that is in a text, in order; what two rules find alike is told once."""
    found: list[Found] = []
    for kind, pattern, holds in _RULES:
        for each in pattern.finditer(text):
            if holds is None or holds(re.sub(r"[ .\-]", "", each[0])):
                found.append(Found(kind, each.start(), each.end()))
    return list(_without_overlaps(sorted(found, key=lambda each: (each.start, -each.end))))


def redact(text: str) -> str:
    """The text with each piece replaced by its kind in brackets."""
    parts, at = [], 0
    for each in find_personal(text):
        parts += [text[at : each.start], f"[{each.kind}]"]
        at = each.end
    return "".join([*parts, text[at:]])


def _without_overlaps(found: list[Found]) -> Iterator[Found]:
    end = -1
    for each in found:
        if each.start >= end:
            yield each
            end = each.end


def _luhn(digits: str) -> bool:
    """ISO/IEC 7812: every second digit doubled from the right, the sum a multiple of ten."""
    numbers = [int(digit) for digit in reversed(digits)]
    doubled = [sum(divmod(2 * number, 10)) for number in numbers[1::2]]
    return len(set(digits)) > 1 and (sum(numbers[::2]) + sum(doubled)) % 10 == 0


def _iban(text: str) -> bool:
    """ISO 13616: the head moved to the end, letters as 10 to 35, modulo 97 is 1."""
    turned = text[4:] + text[:4]
    return int("".join(str(int(sign, 36)) for sign in turned)) % 97 == 1


def _nir(text: str) -> bool:
    """France's number of social security: 13 digits (Corsica's departments have a letter) and 97 minus the rest."""
    number = text[:13].upper().replace("2A", "19").replace("2B", "18")
    return number.isdigit() and 97 - int(number) % 97 == int(text[13:])


def _ssn(digits: str) -> bool:
    return digits[:3] not in ("000", "666") and digits[0] != "9" and digits[3:5] != "00" and digits[5:] != "0000"


# Bounded repetitions only: none of these can take long, whatever the text.
_RULES: tuple[tuple[str, re.Pattern[str], Callable[[str], bool] | None], ...] = (
    ("email", re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}(?!\w)", re.ASCII), None),
    ("iban", re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?!\w)", re.ASCII), _iban),
    ("credit_card", re.compile(r"(?<![\w-])[3-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}(?![\w-])", re.ASCII), _luhn),
    (
        "social_security_fr",
        re.compile(r"(?<!\w)[12] ?\d{2} ?\d{2} ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?!\w)", re.ASCII),
        _nir,
    ),
    ("social_security_us", re.compile(r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])", re.ASCII), _ssn),
    (
        "phone",
        re.compile(
            r"(?<![\w.])(?:\+\d{1,3}[ .-]?(?:\(0\))?\d{1,4}(?:[ .-]?\d{2,4}){2,4}"
            r"|0[1-9](?:[ .-]?\d{2}){4}|\(?[2-9]\d{2}\)?[ .-]\d{3}[ .-]\d{4})(?![\w-])",
            re.ASCII,
        ),
        None,
    ),
    (
        "ip_address",
        re.compile(r"(?<![\w.])(?:(?:25[0-5]|2[0-4]\d|1?\d?\d)\.){3}(?:25[0-5]|2[0-4]\d|1?\d?\d)(?![\w.])", re.ASCII),
        None,
    ),
)
