"""Where a caller reaches this server: the beginning of every URL that it is told."""

import re

from pleiade.gateway.call import Call
from pleiade.settings import Settings

_HOST = re.compile(rb"[A-Za-z0-9.\-]+(:\d+)?|\[[0-9A-Fa-f:.]+\](:\d+)?")


def base_of(call: Call, settings: Settings) -> str:
    """Scheme and host by which the caller reaches this server: the one that is set, else the one that it just used."""
    host = call.headers.get(b"host", b"")
    if settings.public_url or not _HOST.fullmatch(host):
        return settings.public_base
    return f"{call.scope.get('scheme', 'http')}://{host.decode('ascii')}"
