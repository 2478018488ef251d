"""What the routes of people's own things share: whose they are, the way to the records, bodies read, answers sent."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qs

import msgspec

from pleiade.files import errors as of_files
from pleiade.gateway.body import read_object
from pleiade.gateway.call import Call
from pleiade.gateway.errors import ApiError, Header, bad_request
from pleiade.gateway.stored.archive import Archive
from pleiade.gateway.typed import typed
from pleiade.products.records.errors import InvalidError, NotFoundError
from pleiade.products.records.rows import Owner

T = TypeVar("T")
Body = TypeVar("Body", bound=msgspec.Struct)


class Desk:
    """The archive, seen from the products: what their records raise becomes what the caller is told."""

    def __init__(self, archive: Archive) -> None:
        self._archive = archive
        self.max_body_mb = 0  # set when the gateway starts

    async def read(self, function: Callable[..., T], *arguments: Any, **more: Any) -> T:
        """`function` of a connection and those, on one snapshot. Raises ApiError."""
        with Told():
            return await self._archive.read(partial(_later, function, arguments, more))

    async def write(self, function: Callable[..., T], *arguments: Any, **more: Any) -> T:
        """`function` of a connection and those, in a transaction. Raises ApiError."""
        with Told():
            return await self._archive.write(partial(_later, function, arguments, more))

    async def body(self, call: Call, kind: type[Body]) -> Body:
        """What the client sent, as `kind`. Raises ApiError."""
        fields = await read_object(call, self.max_body_mb)
        check_storable(fields)
        return typed(fields, kind)


def owner_of(call: Call) -> Owner:
    """Whose things a call is about: its person's, or its key's where that is nobody's."""
    return Owner(call.principal.project, call.principal.user or call.principal.key)


class Told:
    """Within it, what products raise becomes what the caller is told."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        match error:
            case NotFoundError() | of_files.NotFoundError():
                raise ApiError(404, str(error), code="not_found") from error
            case InvalidError() | of_files.InvalidError():
                raise bad_request(error.message, param=error.param, code=error.code or "invalid_value") from error
            case _:
                return


async def send(call: Call, value: object, status: int = 200, headers: tuple[Header, ...] = ()) -> None:
    """`value` as the JSON of the answer."""
    await call.answer.whole(status, msgspec.json.encode(value), headers)


async def send_deleted(call: Call, identifier: str, kind: str) -> None:
    """The answer that something is gone."""
    await send(call, {"id": identifier, "object": f"{kind}.deleted", "deleted": True})


def asked_for(call: Call, name: str) -> str | None:
    """A parameter of the query string; None where it is absent."""
    return parse_qs(call.query.decode("latin-1"), keep_blank_values=True).get(name, [None])[-1]


def truth_asked_for(call: Call, name: str) -> bool | None:
    """A parameter that is "true" or "false"; None where it is absent. Raises ApiError."""
    text = asked_for(call, name)
    if text is not None and text not in ("true", "false"):
        raise bad_request(
            f"Invalid value: '{text[:40]}'. Supported values are: 'true' and 'false'.", param=name, code="invalid_value"
        )
    return None if text is None else text == "true"


def _later(function: Callable[..., T], arguments: tuple[Any, ...], more: dict[str, Any], connection: Any) -> T:
    return function(connection, *arguments, **more)


def check_storable(value: Any, path: str = "") -> None:
    """PostgreSQL keeps no NUL in a text. Raises ApiError."""
    match value:
        case str():
            if "\0" in value:
                raise bad_request(f"Invalid '{path}': it contains the character NUL.", param=path or None)
        case dict():
            for name, item in value.items():
                check_storable(name, path)
                check_storable(item, f"{path}.{name}" if path else name)
        case list():
            for index, item in enumerate(value):
                check_storable(item, f"{path}[{index}]")
