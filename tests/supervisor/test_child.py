"""One child process, as its supervisor handles it."""

import logging
import os
import sys
from pathlib import Path

import pytest

from pleiade.supervisor.child import LOG_BYTES, start_child

SILENT = "import signal; signal.pause()"  # writes nothing of its own, whenever it comes to it


async def test_a_log_that_cannot_be_rotated_is_no_reason_to_lose_its_process(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    read_end, write_end = os.pipe()
    log = tmp_path / "engine.log"
    child = await start_child([sys.executable, "-c", SILENT], env={}, log=log, lifeline=read_end)
    os.truncate(log, LOG_BYTES + 1)
    in_the_way = tmp_path / "engine.log.1"
    in_the_way.mkdir()
    with caplog.at_level(logging.WARNING):
        child.rotate_log()
    assert "engine.log" in caplog.text
    in_the_way.rmdir()
    child.rotate_log()
    assert (log.stat().st_size, in_the_way.stat().st_size) == (0, LOG_BYTES)
    await child.finish(10)
    os.close(read_end)
    os.close(write_end)
