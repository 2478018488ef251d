"""A bucket in memory behind the two requests that reading needs: list, and get with a range."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape


@contextmanager
def s3_bucket(name: str, objects: Mapping[str, bytes]) -> Iterator[str]:
    """Serve `objects` as a bucket; yields the server's address, host:port."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_HEAD(self) -> None:
            key = urlsplit(self.path).path.removeprefix(f"/{name}").lstrip("/")
            self._answer(200 if key in objects or not key else 404, b"", len(objects.get(key, b"")))

        def do_GET(self) -> None:
            url = urlsplit(self.path)
            key = url.path.removeprefix(f"/{name}").lstrip("/")
            if not key:
                self._answer(200, self._listing(parse_qs(url.query)))
            elif key not in objects:
                self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            else:
                first, _, last = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").partition("-")
                body = objects[key][int(first) : int(last) + 1 if last else None]
                self._answer(206, body, extra={"Content-Range": f"bytes {first}-{last}/{len(objects[key])}"})

        def _listing(self, query: dict[str, list[str]]) -> bytes:
            prefix = query.get("prefix", [""])[0]
            keys = [key for key in sorted(objects) if key.startswith(prefix)]
            found = "".join(
                f"<Contents><Key>{escape(key)}</Key><Size>{len(objects[key])}</Size><ETag>&quot;1&quot;</ETag>"
                "<LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>"
                for key in keys
            )
            head = f"<Name>{name}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(keys)}</KeyCount>"
            return f"<ListBucketResult>{head}<IsTruncated>false</IsTruncated>{found}</ListBucketResult>".encode()

        def _answer(
            self, status: int, body: bytes, length: int | None = None, extra: Mapping[str, str] | None = None
        ) -> None:
            self.send_response(status)
            headers = {"ETag": '"1"', "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT", **(extra or {})}
            for key, value in {**headers, "Content-Length": str(length or len(body))}.items():
                self.send_header(key, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *arguments: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
