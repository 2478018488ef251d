"""Fields of administrative requests, each read with its type; and the pages that their queries ask for."""

import time
from typing import Any
from urllib.parse import parse_qsl

from pleiade.domain import Role
from pleiade.gateway.errors import bad_request
from pleiade.gateway.problems import missing, wrong_type

DEFAULT_LIMIT, MAX_LIMIT = 20, 100
LONGEST_S = 50 * 365 * 86400


class Query:
    """A query string; lists are written `name[]=a&name[]=b`, as the SDK does, or `name=a&name=b`."""

    def __init__(self, raw: bytes) -> None:
        self._pairs = parse_qsl(raw.decode("latin-1"), keep_blank_values=True, encoding="utf-8", errors="replace")

    def text(self, name: str, default: str = "") -> str:
        """The last value of `name`."""
        return next((value for key, value in reversed(self._pairs) if key == name), default)

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of `name`."""
        return tuple(value for key, value in self._pairs if key in (name, f"{name}[]"))

    def whole(self, name: str, default: int) -> int:
        """`name` as a whole number. Raises ApiError 400."""
        value = self.text(name)
        if not value:
            return default
        try:
            number = int(value)
        except ValueError:
            raise bad_request(
                f"Invalid type for '{name}': expected an integer, but got '{value[:40]}' instead.",
                param=name,
                code="invalid_type",
            ) from None
        if abs(number) >= 2**63:
            raise bad_request(f"Invalid '{name}': the number is too large.", param=name, code="invalid_value")
        return number

    def flag(self, name: str) -> bool:
        """Whether `name` is true."""
        return self.text(name).lower() in ("true", "1")

    def choice(self, name: str, choices: tuple[str, ...]) -> str:
        """`name`, one of `choices`; the first by default. Raises ApiError 400."""
        value = self.text(name) or choices[0]
        if value not in choices:
            supported = ", ".join(f"'{choice}'" for choice in choices)
            raise bad_request(
                f"Invalid value: '{value[:40]}'. Supported values are: {supported}.", param=name, code="invalid_value"
            )
        return value

    def limit(self, most: int = MAX_LIMIT, default: int = DEFAULT_LIMIT) -> int:
        """How many items; 0 stands for the default. Raises ApiError 400."""
        limit = self.whole("limit", default) or default
        if not 1 <= limit <= most:
            raise bad_request(
                f"Invalid 'limit': expected an integer from 1 to {most}, but got {limit} instead.",
                param="limit",
                code="invalid_value",
            )
        return limit


def text(fields: dict[str, Any], name: str, default: str | None = None) -> str:
    """A string. Raises ApiError 400 where it is another type, or absent without a default."""
    value = fields.get(name)
    if value is None:
        if default is None:
            raise missing(name)
        return default
    if not isinstance(value, str):
        raise wrong_type(name, "a string", value)
    return value


def texts(fields: dict[str, Any], name: str) -> tuple[str, ...] | None:
    """A list of strings; None where absent. Raises ApiError 400."""
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise wrong_type(name, "an array of strings", value)
    return tuple(value)


def whole(fields: dict[str, Any], name: str) -> int | None:
    """A whole number; None where absent. Raises ApiError 400."""
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool):
        raise wrong_type(name, "an integer", value)
    return value


def expiry(fields: dict[str, Any]) -> int:
    """Unix seconds of now plus `expires_in_seconds`; 0 = never. Raises ApiError 400."""
    seconds = whole(fields, "expires_in_seconds")
    if seconds is None:
        return 0
    if not 1 <= seconds <= LONGEST_S:
        raise bad_request(
            f"Invalid 'expires_in_seconds': expected an integer from 1 to {LONGEST_S}, but got {seconds} instead.",
            param="expires_in_seconds",
            code="invalid_value",
        )
    return int(time.time()) + seconds


# OpenAI's "reader" of an organisation is whoever may work there without administering: our member.
READER = "reader"


def role(value: str, name: str = "role") -> Role:
    """A role by OpenAI's or our name. Raises ApiError 400."""
    if value == READER:
        return Role.MEMBER
    try:
        return Role(value)
    except ValueError:
        supported = ", ".join(f"'{known}'" for known in (*(known.value for known in Role), READER))
        raise bad_request(
            f"Invalid value: '{value[:40]}'. Supported values are: {supported}.", param=name, code="invalid_value"
        ) from None


def organization_role(value: str) -> str:
    """A role as OpenAI's clients sent it, so that what they read is what they wrote."""
    return READER if value == Role.MEMBER.value else value


def page(data: list[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    """OpenAI's list object; `next` is for the lists that page by it."""
    last = data[-1]["id"] if data else None
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": last,
        "has_more": more,
        "next": last if more else None,
    }


def or_null(number: int) -> int | None:
    """Null for 0: a time that has not come."""
    return number or None
