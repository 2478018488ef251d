"""Keeps the page of a run true while it runs: in the process that launched it, which otherwise only waits.

The training loop has nothing to do with it, and gives it no time.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pleiade.lab.events.journal import note
from pleiade.lab.view.page import write_page
from pleiade.lab.view.read import read_run
from pleiade.lab.view.state import run_state

PAGE = "view.html"
REFRESH = 10  # seconds
SHARE = 100  # the page takes at most one part in so many of a core's time
ENDS = {0: "finished", 2: "refused", 3: "stopped"}  # what a launcher's status means; any other: failed


def launch_seen(folder: Path, stages: Sequence[str], launch: Callable[[], int]) -> int:
    """Call `launch`, which returns a status; meanwhile keep `folder`/view.html, and note how it began and ended."""
    note(folder, "started", stages=list(stages))
    with kept_page(folder):
        status = launch()
    end = ENDS.get(status, "failed")
    note(folder, end, reason=f"a rank ended with status {status}" if end == "failed" else "")
    renew_page(folder)
    return status


def renew_page(folder: Path) -> None:
    """Write `folder`/view.html from what is recorded there, if anything is."""
    try:
        run = read_run(folder)
    except FileNotFoundError:
        return
    write_page(run, folder / PAGE, REFRESH if run_state(run).name == "running" else 0)


@contextmanager
def kept_page(folder: Path) -> Iterator[None]:
    """Within it, the page is written anew every few seconds."""
    over = threading.Event()

    def keep() -> None:
        wait = 1.0
        while not over.wait(wait):
            began = time.thread_time()
            renew_page(folder)
            wait = max(REFRESH / 2, SHARE * (time.thread_time() - began))

    thread = threading.Thread(target=keep, name="page", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
