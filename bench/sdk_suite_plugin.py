"""A pytest plugin for bench/sdk_suite.py: which test ended how, and what kind of answers it got.

It runs inside the SDK's own suite and changes nothing there, it only listens to the HTTP library. One JSON
line a test goes to the file in SDK_SUITE_LOG: {"test", "outcome", "real", "reduced", "fixture", "statuses"}.
"""

import functools
import importlib
import importlib.util
import json
import os
from pathlib import Path
from typing import Any

import pytest

LOG = Path(os.environ["SDK_SUITE_LOG"])
answers: list[tuple[int, Any]] = []  # status and headers of the answers that the running test has got


def remember(response: Any) -> None:
    """Keep what tells a fixture from a real answer."""
    answers.append((response.status_code, response.headers))


def listen_to(library: Any) -> None:
    """Wrap `send` of a library's clients, which every request passes whatever the transport."""
    send, send_async = library.Client.send, library.AsyncClient.send

    @functools.wraps(send)
    def heard(self: Any, *arguments: Any, **options: Any) -> Any:
        response = send(self, *arguments, **options)
        remember(response)
        return response

    @functools.wraps(send_async)
    async def heard_async(self: Any, *arguments: Any, **options: Any) -> Any:
        response = await send_async(self, *arguments, **options)
        remember(response)
        return response

    library.Client.send, library.AsyncClient.send = heard, heard_async


for name in ("httpx", "httpx2"):
    if importlib.util.find_spec(name):
        listen_to(importlib.import_module(name))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Write one line when the test itself is over, or when its preparation failed."""
    report = yield
    if report.when == "call" or (report.when == "setup" and report.outcome != "passed"):
        kinds = ["fixture" if "x-pleiade-fixture" in headers else "real" for _, headers in answers]
        line = {
            "test": item.nodeid,
            "outcome": report.outcome,
            "real": kinds.count("real"),
            "fixture": kinds.count("fixture"),
            "reduced": sum("without" in headers.get("x-pleiade-contract", "") for _, headers in answers),
            "statuses": [status for status, _ in answers],
        }
        with LOG.open("a") as log:
            log.write(json.dumps(line) + "\n")
        answers.clear()
    return report
