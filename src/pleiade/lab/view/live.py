"""Keeps the page of a run true while it runs: in the process that launched it, which otherwise only waits.

The training loop has nothing to do with it, and gives it no time.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec

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
    _shown(lambda: note(folder, "started", stages=list(stages)))
    with kept_page(folder):
        status = launch()
        end = ENDS.get(status, "failed")
        reason = f"a rank ended with status {status}" if end == "failed" else ""
        _shown(lambda: note(folder, end, reason=reason))
    return status


@contextmanager
def kept_page(folder: Path) -> Iterator[None]:
    """Within it, `folder`/view.html is written anew every few seconds; and once more in the end."""
    over = threading.Event()

    def keep() -> None:
        wait, can_be = 1.0, True
        while can_be and not over.wait(wait):
            began = time.thread_time()
            can_be = _shown(lambda: renew_page(folder))
            wait = max(REFRESH / 2, SHARE * (time.thread_time() - began))

    thread = threading.Thread(target=keep, name="page", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
        _shown(lambda: renew_page(folder))


def renew_page(folder: Path) -> None:
    """Write `folder`/view.html from what is recorded there, if anything is."""
    try:
        run = read_run(folder)
    except FileNotFoundError:
        return
    write_page(run, folder / PAGE, REFRESH if run_state(run).name == "running" else 0)


def _shown(show: Callable[[], None]) -> bool:
    """Do what is only for those who watch; where it cannot be done (a full disk), say so and let the run be."""
    try:
        show()
    except (OSError, msgspec.MsgspecError) as error:
        print(f"the view of this run is not kept: {error}", file=sys.stderr, flush=True)
        return False
    return True
