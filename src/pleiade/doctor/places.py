"""The home, its disk, and the port."""

import asyncio
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from pleiade.doctor.findings import Finding
from pleiade.settings import Settings
from pleiade.supervisor import SupervisorError, bind
from pleiade.supervisor.health import status_of
from pleiade.supervisor.home import Home, is_running, read_lock

FREE_BYTES_WANTED = 2_000_000_000
FREE_BYTES_NEEDED = 200_000_000  # below it, journals and the database may stop at any moment


def examine_places(settings: Settings, home: Home) -> Iterator[Finding]:
    """The home, its disk, and the port or who has it."""
    yield from _home(home)
    yield _port(settings, home)


def _home(home: Home) -> Iterator[Finding]:
    path = home.path
    if not path.exists():
        parent = next(parent for parent in path.parents if parent.exists())
        if os.access(parent, os.W_OK):
            yield Finding("home", "ok", f"{path} will be made by the first `pleiade up`")
        else:
            yield Finding("home", "wrong", f"{path} cannot be made in {parent}", "choose another one with --home")
        return
    if not path.is_dir():
        yield Finding("home", "wrong", f"{path} is a file", "choose another folder with --home")
        return
    if not _writable(path):
        yield Finding("home", "wrong", f"{path} cannot be written", "make it writable, or choose another --home")
    else:
        yield Finding("home", "ok", str(path))
    free = shutil.disk_usage(path).free
    found = f"{free / 1e9:.1f} GB free"
    if free > FREE_BYTES_WANTED:
        yield Finding("disk space", "ok", found)
    elif free > FREE_BYTES_NEEDED:
        yield Finding("disk space", "warning", found, "make room before adding models")
    else:
        yield Finding("disk space", "wrong", found, "make room now: calls are refused once nothing can be written")


def _writable(folder: Path) -> bool:
    """Whether a file can be made there, tried: permissions tell root nothing, nor a read-only file system."""
    trial = folder / f".doctor-{os.getpid()}"
    try:
        trial.touch()
        trial.unlink()
    except OSError:
        return False
    return True


def _port(settings: Settings, home: Home) -> Finding:
    pid, url = read_lock(home)
    if is_running(home):
        return _gateway(home, pid, url)
    try:
        bind(settings.host, settings.port).close()
    except SupervisorError as error:
        return Finding("port", "wrong", str(error).split(":")[0], str(error).partition(": ")[2])
    return Finding("port", "ok", f"{settings.port} on {settings.host} is free")


def _gateway(home: Home, pid: int, url: str) -> Finding:
    """Whether the running server answers; one on another address than this machine's own is taken at its word."""
    port = url.rpartition(":")[2]
    if url.startswith("http://127.0.0.1:") and asyncio.run(status_of(int(port), "/healthz", {}, 5.0)) != 200:
        mend = f"wait if it has just started, else see {home.logs / 'gateway-1.log'} and start it again"
        return Finding("port", "wrong", f"`pleiade up` (process {pid}) runs, but {url} does not answer", mend)
    return Finding("port", "ok", f"`pleiade up` runs (process {pid}) on {url}")
