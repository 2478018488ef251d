"""The request log under bad conditions."""

import io
import json
from typing import Any

import pytest
from scripted_gateway import AZURE, CHAT, Served

from pleiade.gateway import request_log
from pleiade.gateway.request_log import RequestLine, RequestLog


def line(**fields: Any) -> RequestLine:
    return RequestLine(
        **({"time": 1.0, "request": "r", "method": "GET", "path": "/", "status": 200, "ms": 1.0} | fields)
    )


def test_lines_are_json_without_empty_fields() -> None:
    file = io.BytesIO()
    log = RequestLog(file)
    log.add(line(deployment="chat"))
    log.flush()
    assert json.loads(file.getvalue()) == {
        "time": 1.0,
        "request": "r",
        "method": "GET",
        "path": "/",
        "status": 200,
        "ms": 1.0,
        "deployment": "chat",
    }


def test_the_text_form_is_one_line_too() -> None:
    file = io.BytesIO()
    log = RequestLog(file, text=True)
    log.add(line(error="model_not_found"))
    log.flush()
    assert file.getvalue() == b"time=1.0 request=r method=GET path=/ status=200 ms=1.0 error=model_not_found\n"


def test_when_nobody_reads_the_log_lines_are_dropped_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_log, "_MAX_PENDING", 3)
    file = io.BytesIO()
    log = RequestLog(file)
    for _ in range(5):
        log.add(line())
    log.flush()
    assert json.loads(file.getvalue().splitlines()[-1]) == {"dropped_lines": 2}


def test_a_log_whose_reader_is_gone_stops_nothing() -> None:
    file = io.BytesIO()
    log = RequestLog(file)
    file.close()
    log.add(line())
    log.flush()
    log.add(line())
    log.flush()


async def test_a_path_cannot_forge_a_line(served: Served) -> None:
    await served.get("/v1/x%0Atime=2")
    await served.post(AZURE, CHAT)
    forged, good = served.log_lines()
    assert forged["path"] == "/v1/x%0Atime=2"
    assert good["path"] == AZURE.partition("?")[0]  # the query may hold what is nobody's business
    assert good["api_version"] == "2024-10-21"
