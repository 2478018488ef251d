"""The runner's process: `python -m pleiade.jobs [--home DIR] [--pulse-fd N]`, a child of the supervisor.

Settings come from PLEIADE_* variables; PLEIADE_API is the base of our own gateway, PLEIADE_HOUSE_TOKEN what it knows us
by. SIGTERM, SIGINT, or the end of the supervisor (seen through PLEIADE_LIFELINE_FD) end it, once what it does is given
back.
"""

import argparse
import asyncio
import fcntl
import logging
import os
import signal
import sys
from pathlib import Path
from typing import IO

from pleiade.files.contents import Contents
from pleiade.jobs.bench import Bench
from pleiade.jobs.kinds import GIVE_UPS, KINDS
from pleiade.jobs.runner import Runner
from pleiade.settings import Settings, SettingsError, load_settings
from pleiade.store import StoreError, open_database

LIFELINE_VARIABLE = "PLEIADE_LIFELINE_FD"
API_VARIABLE, TOKEN_VARIABLE = "PLEIADE_API", "PLEIADE_HOUSE_TOKEN"
BEAT_EVERY_S = 2.0
BUSY_STATUS = 3
NICE = 10  # what waits for nobody gives way to what somebody waits for, on the processor too

logger = logging.getLogger("pleiade.jobs")


async def work(settings: Settings, pulse_fd: int | None, lifeline_fd: int | None) -> None:
    """Work until told to stop. Raises StoreError for a URL that is none."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if lifeline_fd is not None:

        def lifeline() -> None:
            if not os.read(lifeline_fd, 1):  # end of file: the supervisor is gone
                loop.remove_reader(lifeline_fd)
                ended.set()

        loop.add_reader(lifeline_fd, lifeline)
    db = open_database(settings.database, tried=False)
    api = os.environ.get(API_VARIABLE, f"http://127.0.0.1:{settings.port}")
    bench = Bench(db, Contents(settings.files), api, os.environ.get(TOKEN_VARIABLE, ""))
    beating = asyncio.create_task(_beat(pulse_fd)) if pulse_fd is not None else None
    try:
        await Runner(bench, _name(settings), KINDS, GIVE_UPS).run(ended)
    finally:
        await bench.close()
        db.dispose()
        if beating is not None:
            beating.cancel()


def _name(settings: Settings) -> str:
    """Of this home's runner, in all its lives."""
    return f"{os.uname().nodename}:{settings.home_path}"[-128:]


async def _beat(pulse_fd: int) -> None:
    """Show that the event loop turns, for as long as somebody listens."""
    os.set_blocking(pulse_fd, False)
    word = b"ready\n"
    while True:
        try:
            os.write(pulse_fd, word)
            word = b"."
        except BlockingIOError:  # the supervisor stands still; not our fault
            pass
        except OSError:
            return
        await asyncio.sleep(BEAT_EVERY_S)


def _lock(path: Path) -> IO[bytes] | None:
    """The lock of a home's one runner; None where another process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("wb")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, work, and give the exit status (3: another runner has the home)."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.jobs", description="Work off the jobs of a home.")
    parser.add_argument("--home", help="folder for data (or PLEIADE_HOME)")
    parser.add_argument("--pulse-fd", "--ready-fd", type=int, help="descriptor for `ready` and for signs of life")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings({"home": options.home})
    except SettingsError as error:
        parser.exit(2, f"{error}\n")
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    lock = _lock(settings.home_path / "run" / "jobs.lock")
    if lock is None:
        logger.error("another process works off the jobs of %s", settings.home_path)
        return BUSY_STATUS
    os.nice(NICE)
    lifeline = os.environ.get(LIFELINE_VARIABLE)
    try:
        asyncio.run(work(settings, options.pulse_fd, int(lifeline) if lifeline else None))
    except StoreError as error:  # a URL that is none: waiting would not mend it
        logger.error("%s", error)
        return 2
    finally:
        lock.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
