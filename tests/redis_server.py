"""A private Redis or Valkey server, on a Unix socket only, for one test or many."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import pytest

PROGRAMS = ("valkey-server", "redis-server")


def server_program() -> str:
    """The server's program; where there is none, the test fails and says how to get it."""
    for name in PROGRAMS:
        if path := shutil.which(name):
            return path
    pytest.fail("neither valkey-server nor redis-server is installed: apt-get install redis-server")


class RedisServer:
    """Starts, stops and kills its own server process, and no other."""

    def __init__(self) -> None:
        self._program = server_program()
        self.folder = Path(tempfile.mkdtemp(prefix="pleiade-redis-"))
        self.socket = self.folder / "redis.sock"
        self.url = f"unix://{self.socket}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Returns once it answers."""
        self.process = subprocess.Popen(
            [
                *(self._program, "--port", "0", "--unixsocket", str(self.socket), "--dir", str(self.folder)),
                *("--save", "", "--appendonly", "no", "--logfile", str(self.folder / "log")),
            ],
            stdin=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert self.process.poll() is None, (self.folder / "log").read_text()
            with socket.socket(socket.AF_UNIX) as probe:
                try:
                    probe.connect(str(self.socket))
                    probe.sendall(b"PING\r\n")
                    if probe.recv(7) == b"+PONG\r\n":
                        return
                except OSError:
                    time.sleep(0.01)
        raise AssertionError((self.folder / "log").read_text())

    def pause(self) -> None:
        """It is there and answers nothing, as behind a dead network."""
        self._signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """It answers again, late."""
        self._signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it without a word, as kill -9 does."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def remove(self) -> None:
        """End it, and its folder."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _signal(self, number: int) -> None:
        assert self.process is not None
        os.kill(self.process.pid, number)
