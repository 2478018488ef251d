"""The public socket, bound once by the supervisor and inherited by every gateway; and ports for engines."""

import errno
import socket

from pleiade.supervisor.errors import SupervisorError

BACKLOG = 2048


def bind(host: str, port: int) -> socket.socket:
    """A listening socket on `host`:`port` (0 = any free port).

    Raises SupervisorError for a port in use or not allowed, or an address that is not this machine's.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise SupervisorError(
            f"host {host!r} is not an address ({error.strerror}): use 127.0.0.1 for this machine only, "
            "0.0.0.0 for every network"
        ) from error
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise SupervisorError(_explain(host, port, error)) from error
    listener.setblocking(False)
    return listener


def url_of(listener: socket.socket) -> str:
    """The URL under which a person on this machine reaches the socket, e.g. "http://127.0.0.1:8000"."""
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):
        host = "127.0.0.1" if host == "0.0.0.0" else "::1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def free_port() -> int:
    """A port of 127.0.0.1 that was free a moment ago (an engine that loses the race is started again)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _explain(host: str, port: int, error: OSError) -> str:
    match error.errno:
        case errno.EADDRINUSE:
            return (
                f"port {port} on {host} is in use by another program: choose another one with "
                f"--port {port + 1}, or stop that program (`ss -ltnp 'sport = :{port}'` names it)"
            )
        case errno.EACCES | errno.EPERM:
            return f"port {port} on {host} is not allowed for this user: choose one above 1023 with --port"
        case errno.EADDRNOTAVAIL:
            return f"{host} is not an address of this machine: use --host 127.0.0.1, or 0.0.0.0 for all"
        case _:
            return f"{host}:{port} cannot be listened on: {error.strerror}"
