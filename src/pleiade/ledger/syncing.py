"""The thread that makes a file durable against a loss of power: every so often, and when somebody waits for it."""

import threading
from collections.abc import Callable


class Syncing:
    """Calls `sync` every `every_s` seconds, and at once for those who `ask`: one sync serves all who asked by then.

    `sync` returns what went wrong, "" if nothing.
    """

    def __init__(self, sync: Callable[[], str], every_s: float) -> None:
        self._sync = sync
        self._every_s = every_s
        self._wake = threading.Condition()
        self._waiting: list[Callable[[str], None]] = []
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="ledger sync", daemon=True)
        self._thread.start()

    def ask(self, tell: Callable[[str], None]) -> None:
        """Sync at once; then `tell` is called, from the thread, with what went wrong."""
        with self._wake:
            self._waiting.append(tell)
            self._wake.notify()

    def stop(self) -> None:
        """Sync once more, tell those who wait, and end the thread."""
        with self._wake:
            self._stopping = True
            self._wake.notify()
        self._thread.join()

    def _run(self) -> None:
        stopping = False
        while not stopping:
            with self._wake:
                if not self._waiting and not self._stopping:
                    self._wake.wait(self._every_s)
                waiting, self._waiting = self._waiting, []
                stopping = self._stopping
            trouble = self._sync()
            for tell in waiting:
                tell(trouble)
