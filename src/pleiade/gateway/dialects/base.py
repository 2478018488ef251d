"""What a dialect must translate."""

from typing import Protocol

from pleiade.gateway.errors import ApiError


class Dialect(Protocol):
    """A pair of translations: the request in (what it must carry), and errors out."""

    name: str  # "openai" or "azure": what stages that annotate answers look at

    def check(self, query_string: bytes) -> str:
        """The api-version that the request asks for, "" where the surface has none; raises ApiError."""
        ...

    def error(self, error: ApiError) -> tuple[int, bytes]:
        """Status and JSON body for `error`."""
        ...
