"""The little HTTP that signing in needs: small JSON documents from issuers that the operator named."""

from collections.abc import Mapping
from typing import Any, Protocol

import aiohttp
import msgspec

LIMIT = 1024 * 1024  # bytes of an answer
TIMEOUT_S = 10.0


class UnreachableError(Exception):
    """An issuer could not be asked, or answered with something else than a JSON object; `status` 0 = not at all."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class Web(Protocol):
    """How documents are fetched; both raise UnreachableError."""

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object at `url`."""
        ...

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        """The JSON object that answers a form."""
        ...


class AiohttpWeb:
    """Over an aiohttp session that belongs to the caller. Redirects are not followed: they could lead anywhere."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def get(self, url: str, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object at `url`. Raises UnreachableError."""
        return await self._ask("GET", url, None, headers or {})

    async def post(self, url: str, form: Mapping[str, str], headers: Mapping[str, str]) -> dict[str, Any]:
        """The JSON object that answers a form. Raises UnreachableError."""
        return await self._ask("POST", url, form, headers)

    async def _ask(
        self, method: str, url: str, form: Mapping[str, str] | None, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        wanted = {"accept": "application/json", **headers}
        timeout = aiohttp.ClientTimeout(total=TIMEOUT_S)
        try:
            async with self._session.request(
                method, url, data=form, headers=wanted, timeout=timeout, allow_redirects=False
            ) as answer:
                body = await answer.content.read(LIMIT + 1)
                while len(body) <= LIMIT and not answer.content.at_eof():
                    body += await answer.content.read(LIMIT + 1 - len(body))
                if answer.status != 200:
                    raise UnreachableError(f"{url} answered {answer.status}", answer.status)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise UnreachableError(f"{url} cannot be reached: {error or type(error).__name__}") from error
        if len(body) > LIMIT:
            raise UnreachableError(f"{url} answered more than {LIMIT} bytes")
        try:
            return msgspec.json.decode(body, type=dict[str, Any])
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise UnreachableError(f"{url} did not answer with a JSON object") from error
