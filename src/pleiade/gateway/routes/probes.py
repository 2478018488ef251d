"""What operators and orchestrators look at: `/healthz`, `/readyz`, `/metrics`."""

import asyncio
from ipaddress import ip_address
from typing import TYPE_CHECKING

import msgspec

from pleiade.domain import EndpointState
from pleiade.gateway.call import Call
from pleiade.gateway.errors import wrong_key
from pleiade.gateway.routing import Route
from pleiade.gateway.stages.authenticate import find_secret

if TYPE_CHECKING:
    from pleiade.gateway.app import Gateway

PROMETHEUS = b"text/plain; version=0.0.4; charset=utf-8"


def probe_routes(gateway: "Gateway") -> list[Route]:
    """The probes, at the root and without dialect."""

    async def health(call: Call) -> None:
        """The process lives."""
        call.status = 200
        await call.answer.whole(200, b'{"status":"ok"}')

    async def ready(call: Call) -> None:
        """Keys are loaded and at least one engine answers; each deployment's state beside it."""
        endpoints = gateway.directory.endpoints
        trouble = gateway.commerce.journal.trouble if gateway.commerce is not None else ""
        states = {one.deployment: one.state.value for one in endpoints if not one.projects}  # others are not told of
        usable = any(endpoint.state == EndpointState.READY for endpoint in endpoints)
        status = "ready" if usable and gateway.keys.loaded else "starting"
        if gateway.watch.draining:
            status = "draining"
        elif trouble:
            status = "ledger cannot be written"
        call.status = 200 if status == "ready" else 503
        await call.answer.whole(call.status, msgspec.json.encode({"status": status, "deployments": states}))

    async def metrics(call: Call) -> None:
        """Prometheus text; from another machine only with a key, for it names the deployments."""
        if not _is_local(call):
            secret = find_secret(call)
            if gateway.keys.find(secret) is None:
                raise wrong_key("****")
        gateway.count_now()
        journals = gateway.settings.home_path / "ledger" if gateway.commerce is not None else None
        body = await asyncio.to_thread(gateway.metrics.render, journals)
        call.status = 200
        await call.answer.whole(200, body, content_type=PROMETHEUS)

    return [
        Route(method="GET", path="/healthz", handler=health, root=True, public=True),
        Route(method="GET", path="/readyz", handler=ready, root=True, public=True),
        Route(method="GET", path="/metrics", handler=metrics, root=True, public=True),
    ]


def _is_local(call: Call) -> bool:
    client = call.scope.get("client")
    try:
        return client is None or ip_address(client[0]).is_loopback  # None: a Unix socket
    except ValueError:
        return False
