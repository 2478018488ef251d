"""Somebody else's API, which answers as a test wants: a chat by a function, and a judge that knows one word."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

HARM = "STAB"


class Api:
    """`answer` gets the last message of a call and gives the content; or (status, headers, error) to refuse."""

    def __init__(self) -> None:
        self.answer: Callable[[str], Any] = lambda text: "Fine."
        self.seen: list[dict[str, Any]] = []
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                if self.path.endswith("/moderations"):
                    score = 0.99 if HARM in body["input"] else 0.01
                    self._send(200, {"results": [{"category_scores": {"violence/graphic": score}}]})
                    return
                api.seen.append(body)
                said = api.answer(body["messages"][-1]["content"])
                if isinstance(said, tuple):
                    status, headers, error = said
                    self._send(status, {"error": error}, headers)
                    return
                finish = "content_filter" if said is None else "stop"
                choice = {"message": {"role": "assistant", "content": said}, "finish_reason": finish}
                self._send(200, {"choices": [choice]})

            def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                for name, value in {"content-length": str(len(data)), **(headers or {})}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"

    def stop(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def api() -> Iterator[Api]:
    """A running one."""
    api = Api()
    yield api
    api.stop()
