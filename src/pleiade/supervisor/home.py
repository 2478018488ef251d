"""The home: a folder for the database, keys, models, logs and what is running; one `up` at a time."""

import errno
import fcntl
import os
from pathlib import Path

import msgspec

from pleiade.supervisor.errors import SupervisorError


class Home(msgspec.Struct, frozen=True):
    """Where things lie in a home."""

    path: Path

    @property
    def admin_key(self) -> Path:
        """The first key, mode 0600."""
        return self.path / "admin.key"

    @property
    def run(self) -> Path:
        """What is running now."""
        return self.path / "run"

    @property
    def endpoints(self) -> Path:
        """domain.EndpointTable as JSON: written by the supervisor, read by gateways."""
        return self.run / "endpoints.json"

    @property
    def followed(self) -> Path:
        """How far the supervisor has followed the deployments in the database."""
        return self.run / "followed.json"

    @property
    def lock(self) -> Path:
        """Held (flock) by the `up` that runs; holds its process id and URL."""
        return self.run / "up.lock"

    @property
    def children(self) -> Path:
        """Process ids of our children, for the next start to find orphans."""
        return self.run / "children.json"

    @property
    def metrics(self) -> Path:
        """What gateways counted, one file a process."""
        return self.run / "metrics"

    @property
    def models(self) -> Path:
        """Downloaded models."""
        return self.path / "models"

    @property
    def logs(self) -> Path:
        """One file for each engine and each gateway."""
        return self.path / "logs"


class Lock:
    """The held lock of a home; `release` (or the end of the process, however it comes) frees it."""

    def __init__(self, home: Home, descriptor: int) -> None:
        self.home = home
        self._descriptor = descriptor

    def announce(self, url: str) -> None:
        """Write our process id and URL for others to read."""
        os.ftruncate(self._descriptor, 0)
        os.pwrite(self._descriptor, f"{os.getpid()}\n{url}\n".encode(), 0)

    def release(self) -> None:
        """Free the lock; the file stays (removing it would let two starts lock two different files)."""
        os.ftruncate(self._descriptor, 0)
        os.close(self._descriptor)


def prepare_home(path: Path) -> Home:
    """Create what is missing of a home, folders with mode 0700. Raises SupervisorError if it cannot."""
    home = Home(path)
    try:
        for folder in (home.path, home.run, home.metrics, home.models, home.logs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        trial = home.run / f".writable-{os.getpid()}"
        trial.touch()
        trial.unlink()
    except FileExistsError as error:
        raise SupervisorError(
            f"{error.filename} is a file, but a folder is needed there: choose another folder with --home"
        ) from error
    except OSError as error:
        remedy = (
            "free some disk space"
            if error.errno in (errno.ENOSPC, errno.EDQUOT)
            else "make it writable, or choose another folder with --home (or PLEIADE_HOME)"
        )
        raise SupervisorError(
            f"the home {home.path} cannot be written ({error.strerror}: {error.filename}): {remedy}"
        ) from error
    return home


def lock_home(home: Home) -> Lock:
    """Take the home's lock. Raises SupervisorError that names the `up` which holds it.

    The kernel frees an flock with its process, so that a lock file left by a crash never blocks a start.
    """
    descriptor = os.open(home.lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        pid, url = read_lock(home)
        raise SupervisorError(
            f"another `pleiade up` (process {pid or 'unknown'}{f', {url}' if url else ''}) already serves "
            f"{home.path}. Stop it (kill {pid or 'PID'}), or choose another --home and --port."
        ) from None
    for path in (home.endpoints, home.followed):  # what a killed `up` left tells nothing any more
        path.unlink(missing_ok=True)
    return Lock(home, descriptor)


def read_lock(home: Home) -> tuple[int, str]:
    """Process id and URL that the lock file tells; (0, "") where there is none."""
    try:
        lines = home.lock.read_text().split("\n")
    except OSError:
        return 0, ""
    pid = int(lines[0]) if lines[0].isdigit() else 0
    return pid, lines[1] if len(lines) > 1 else ""


def is_running(home: Home) -> bool:
    """Whether an `up` holds this home now."""
    try:
        descriptor = os.open(home.lock, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(descriptor)
    return False


def clean_metrics(folder: Path) -> None:
    """Remove what the gateways of a former start left: counters begin at zero with each `up`."""
    for path in folder.glob("*.db"):
        path.unlink(missing_ok=True)
