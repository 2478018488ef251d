"""A private PostgreSQL server in a temporary folder, on a Unix socket only."""

import getpass
import os
import pwd
import shutil
import subprocess
import tempfile
from pathlib import Path


def postgresql_programs() -> Path | None:
    """The newest folder with initdb and pg_ctl, as distributions install them."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if found:
        return found[-1].parent
    on_path = shutil.which("initdb")
    return Path(on_path).parent if on_path else None


def _fast_folder() -> str | None:
    """A folder in memory where there is one with room: databases of tests are made of thousands of small files."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and shutil.disk_usage(memory).free > 4 * 2**30 else None


class PostgresqlServer:
    """Starts, stops and removes its own server, and no other."""

    def __init__(self, programs: Path) -> None:
        user, self._become = getpass.getuser(), []
        if os.geteuid() == 0:  # PostgreSQL refuses to run as root
            user = "postgres" if any(entry.pw_name == "postgres" for entry in pwd.getpwall()) else "nobody"
            self._become = ["runuser", "-u", user, "--"]
        self.folder = Path(tempfile.mkdtemp(prefix="pleiade-pg-", dir=_fast_folder()))
        if self._become:
            shutil.chown(self.folder, user)
        self._data = self.folder / "data"
        self._pg_ctl = [*self._become, str(programs / "pg_ctl"), "-D", str(self._data), "-w"]
        initdb = [str(programs / "initdb"), "-D", str(self._data), "-U", "pleiade", "--auth=trust", "--no-sync"]
        self._run([*self._become, *initdb])
        self.url = f"postgresql+psycopg://pleiade@/postgres?host={self.folder}"

    def start(self) -> None:
        """Returns once it answers."""
        options = f"-c listen_addresses='' -c unix_socket_directories={self.folder} -c fsync=off"
        self._run([*self._pg_ctl, "-l", str(self.folder / "log"), "-o", options, "start"])

    def stop(self) -> None:
        """End it at once, as a crash of its machine would."""
        self._run([*self._pg_ctl, "-m", "immediate", "stop"])

    def remove(self) -> None:
        """End it, if it runs, and delete its data."""
        if (self._data / "postmaster.pid").exists():
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, argv: list[str]) -> None:
        done = subprocess.run(argv, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        assert done.returncode == 0, done.stdout
