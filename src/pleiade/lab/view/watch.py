"""Follows a run: a screen that is drawn again, or a line for each look where the output is no terminal."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path

from pleiade.lab.view.live import REFRESH
from pleiade.lab.view.page import write_page
from pleiade.lab.view.read import Run, read_run
from pleiade.lab.view.state import begins, run_state
from pleiade.lab.view.terminal import screen, stage_line

CLEAR = "\x1b[H\x1b[2J\x1b[3J"


def watch(folder: Path, *, once: bool = False, html: Path | None = None, every: float = 5.0) -> None:
    """Show the run in `folder` every so many seconds until it ends, and keep the page `html`; or both only `once`.

    Raises FileNotFoundError where nothing is recorded.
    """
    on_terminal = sys.stdout.isatty()
    told = ""
    while True:
        run = _begun(folder, every, wait=not once)
        running = run_state(run).name == "running"
        if html is not None:
            write_page(run, html, REFRESH if running and not once else 0)
        if once or on_terminal:
            size = shutil.get_terminal_size((100, 40))
            shown = screen(run, size.columns, size.lines - 1, on_terminal)
            print(shown if once else CLEAR + shown, flush=True)
        elif (line := f"{run.newest.name}  {stage_line(run.newest)}") != told:
            print(line, flush=True)
            told = line
        if once or not running:
            return
        time.sleep(every)


def _begun(folder: Path, every: float, wait: bool) -> Run:
    """The run as recorded by now; of one that was launched a moment ago the first step is waited for."""
    while wait and begins(folder):
        try:
            return read_run(folder)
        except FileNotFoundError:
            time.sleep(every)
    return read_run(folder)
