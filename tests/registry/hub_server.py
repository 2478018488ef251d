"""A model hub on 127.0.0.1, speaking the endpoints that huggingface_hub asks, with faults on request."""

import hashlib
import json
import re
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class Hub:
    """One repository, "org/toy". `cut_after` bytes of each answer's body the line goes dead, `cuts` times."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.requests: list[tuple[str, str, str]] = []  # method, path, Range header
        self.cut_after = 0
        self.cuts = 0
        self.stall = threading.Event()  # set: a large body stops after `cut_after` bytes and waits
        self.damaged: set[str] = set()  # files that arrive with one byte changed
        self.gated = False
        self.knows_ranges = True
        hub = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                hub.answer(self)

            def do_GET(self) -> None:
                hub.answer(self)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()

    def ranges_of(self, name: str) -> list[str]:
        """The Range headers of the downloads of a file, in order; "" for a whole one."""
        path = f"/org/toy/resolve/{COMMIT}/{name}"
        return [asked for method, there, asked in self.requests if method == "GET" and there == path]

    def answer(self, request: Any) -> None:
        """Route one request."""
        path = unquote(urlsplit(request.path).path)
        self.requests.append((request.command, path, request.headers.get("range") or ""))
        if self.gated:
            return _json(request, 403, {"error": "gated"}, {"x-error-code": "GatedRepo"})
        if path.startswith("/api/models/org/toy/tree/"):
            return _json(request, 200, [self._entry(name) for name in sorted(self.files)])
        if re.fullmatch(r"/api/models/org/toy(/revision/[^/]+)?", path):
            if path.endswith("/revision/nowhere"):
                return _json(request, 404, {"error": "revision"}, {"x-error-code": "RevisionNotFound"})
            return _json(request, 200, self._info())
        match = re.fullmatch(rf"/org/toy/resolve/{COMMIT}/(.+)", path)
        if match and match[1] in self.files:
            return self._file(request, match[1])
        return _json(request, 404, {"error": "not found"}, {"x-error-code": "RepoNotFound"})

    def _info(self) -> dict[str, Any]:
        siblings = []
        for name in sorted(self.files):
            entry = self._entry(name)
            sibling = {"rfilename": name, "size": entry["size"], "blobId": entry["oid"]}
            siblings.append(
                sibling | ({"lfs": entry["lfs"] | {"sha256": entry["lfs"]["oid"]}} if "lfs" in entry else {})
            )
        return {
            "id": "org/toy",
            "modelId": "org/toy",
            "sha": COMMIT,
            "private": False,
            "tags": [],
            "siblings": siblings,
        }

    def _entry(self, name: str) -> dict[str, Any]:
        content = self.files[name]
        entry: dict[str, Any] = {"type": "file", "path": name, "size": len(content), "oid": _blob_id(content)}
        if _is_large(name):
            digest = hashlib.sha256(content).hexdigest()
            entry["lfs"] = {"oid": digest, "size": len(content), "pointerSize": 134}
        return entry

    def _file(self, request: Any, name: str) -> None:
        content = self.files[name]
        etag = hashlib.sha256(content).hexdigest() if _is_large(name) else _blob_id(content)
        if name in self.damaged:
            content = bytes([content[0] ^ 1]) + content[1:]
        start = 0
        if self.knows_ranges and (asked := re.fullmatch(r"bytes=(\d+)-", request.headers.get("range") or "")):
            start = int(asked[1])
        body = content[start:]
        request.send_response(206 if start else 200)
        request.send_header("etag", f'"{etag}"')
        request.send_header("x-repo-commit", COMMIT)
        request.send_header("accept-ranges", "bytes")
        request.send_header("content-length", str(len(body)))
        if start:
            request.send_header("content-range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        request.end_headers()
        if request.command == "HEAD":
            return
        if _is_large(name) and self.cuts > 0:
            self.cuts -= 1
            request.wfile.write(body[: self.cut_after])
            request.wfile.flush()
            if self.stall.is_set():
                threading.Event().wait(60)
            request.close_connection = True
            return
        request.wfile.write(body)


def _json(request: Any, status: int, value: object, headers: dict[str, str] | None = None) -> None:
    body = json.dumps(value).encode()
    request.send_response(status)
    request.send_header("content-type", "application/json")
    request.send_header("content-length", str(len(body)))
    for name, text in (headers or {}).items():
        request.send_header(name, text)
    request.end_headers()
    if request.command != "HEAD":
        request.wfile.write(body)


def _is_large(name: str) -> bool:
    return name.endswith((".safetensors", ".gguf", ".bin"))


def _blob_id(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def files_of(folder: Path) -> dict[str, bytes]:
    """A folder as a repository's content."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
