"""The engines that `pleiade up` runs or reaches."""

import asyncio
from collections.abc import Iterator
from urllib.parse import urlsplit

from pleiade.doctor.findings import Finding
from pleiade.domain import Endpoint, EndpointState
from pleiade.supervisor.health import status_of
from pleiade.supervisor.home import Home, is_running
from pleiade.supervisor.table import read_table


def examine_engines(home: Home) -> Iterator[Finding]:
    """Whether each engine answers, or why it does not."""
    if not is_running(home):
        yield Finding("engines", "ok", "`pleiade up` does not run")
        return
    for endpoint in read_table(home.endpoints).endpoints:
        check = f"engine of {endpoint.deployment}"
        if endpoint.state is EndpointState.FAILED:
            mend = f"see {home.logs / endpoint.deployment}.log"
            yield Finding(check, "wrong", endpoint.detail.split("\n")[0] or "failed", mend)
        elif endpoint.state is not EndpointState.READY:
            yield Finding(check, "warning", f"is {endpoint.state.value}", "look again in a moment")
        elif asyncio.run(_reachable(endpoint)):
            yield Finding(check, "ok", f"answers on {endpoint.url}")
        else:
            yield Finding(check, "wrong", f"{endpoint.url} cannot be reached", "check the network, or its log")


async def _reachable(endpoint: Endpoint) -> bool:
    """Whether an engine of ours answers, or a connection to another host can be made, within 3 seconds."""
    parts = urlsplit(endpoint.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if parts.hostname == "127.0.0.1":
        return await status_of(port, "/health", endpoint.headers, 3.0) != 0
    try:
        async with asyncio.timeout(3):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
