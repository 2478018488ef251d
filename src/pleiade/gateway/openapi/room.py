"""The route `GET /openapi.json`."""

import zlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from pleiade.gateway.call import Call
from pleiade.gateway.openapi.document import document_of
from pleiade.gateway.pipeline import MakeStage
from pleiade.gateway.routing import Route

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway


class OpenApiRoom:
    """`/openapi.json`, for whoever wants to know what there is: it tells nothing of what anybody has."""

    stages: Sequence[MakeStage] = ()

    def __init__(self) -> None:
        self._gateway: Gateway
        self._document = b""  # made at the first request
        self.routes: Sequence[Route] = (
            Route(method="GET", path="/openapi.json", handler=self.describe, root=True, public=True),
        )

    async def start(self, gateway: "Gateway") -> None:
        """From now on it is known what is mounted."""
        self._gateway = gateway

    async def stop(self) -> None:
        """Nothing is open."""

    async def describe(self, call: Call) -> None:
        """This document: every route that is mounted here, OpenAPI 3.1."""
        if not self._document:
            self._document = msgspec.json.encode(document_of(self._gateway.routes))
        call.status = 200
        await call.answer.whole(200, self._document, ((b"etag", b'"%08x"' % zlib.crc32(self._document)),))
