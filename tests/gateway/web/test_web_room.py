"""The web app's files over HTTP: what is kept, what is asked again, what a page may do, and what is not served."""

import asyncio
import gzip
import os
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from pleiade.gateway.web.room import WebRoom

PAGE = b"<!doctype html><title>app</title>" + b"<!-- long -->" * 200
SCRIPT = b"export const seven = 7;\n" * 200
Serve = Callable[..., Awaitable[Any]]


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """A small build, pre-compressed as the real one is; a secret lies beside it."""
    folder = tmp_path / "dist"
    (folder / "assets").mkdir(parents=True)
    (folder / ".vite").mkdir()
    (tmp_path / "secret.txt").write_text("not for the web")
    for name, content in {"index.html": PAGE, "assets/app-1a2b3c.js": SCRIPT, "favicon.svg": b"<svg/>"}.items():
        (folder / name).write_bytes(content)
        if len(content) > 1024:
            (folder / f"{name}.gz").write_bytes(gzip.compress(content))
            (folder / f"{name}.br").write_bytes(b"brotli of " + name.encode())
    (folder / ".vite" / "manifest.json").write_text("{}")
    (folder / "assets" / "way-out.txt").symlink_to(tmp_path / "nothing")
    return folder


@pytest.fixture
async def web(serve: Serve, built: Path) -> Any:
    """A gateway that serves that build."""
    return await serve(rooms=[WebRoom(built)])


async def fetch(web: Any, path: str, **headers: str) -> Any:
    """GET as a browser does: without a key, and without undoing the compression."""
    sent = {"accept": "text/html", "accept-encoding": "identity"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    answer = await web.client.get(web.url + path, headers=sent, auto_decompress=False)
    await answer.read()
    return answer


@pytest.mark.parametrize("path", ["/", "/chat", "/chat/chat_1", "/console/usage/by-key", "/signin", "/s/abc", "/join"])
async def test_every_address_of_the_app_is_its_page(web: Any, path: str) -> None:
    answer = await fetch(web, path)
    assert (answer.status, await answer.read()) == (200, PAGE)
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers.getall("cache-control") == ["no-cache"]


async def test_an_unknown_address_is_a_page_for_people_and_an_error_for_programs(web: Any) -> None:
    answer = await fetch(web, "/no/such/page")
    assert (answer.status, await answer.read()) == (404, PAGE)
    for path in ("/chat/completions-with-a-typo", "/chat"):
        assert (await fetch(web, path, accept="application/json")).status == 200, "the app's own"
    answer = await fetch(web, "/models", accept="application/json")
    assert (answer.status, (await answer.json())["error"]["message"]) == (404, "Invalid URL (GET /models)")
    answer = await web.post("/chat/completions", {})
    assert (answer.status, (await answer.json())["error"]["message"]) == (404, "Invalid URL (POST /chat/completions)")
    assert (await fetch(web, "/v1/nothing")).headers["content-type"] == "application/json"


async def test_a_page_may_load_from_here_only_and_nothing_inline(web: Any) -> None:
    answer = await fetch(web, "/")
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy.pop("default-src") == policy.pop("frame-src") == policy.pop("base-uri") == "'none'"
    assert policy.pop("frame-ancestors") == "'none'"
    assert policy.pop("img-src") == "'self' blob: data:"
    assert set(policy.values()) == {"'self'"}
    assert set(policy) == {"script-src", "style-src", "font-src", "connect-src", "form-action"}
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["cross-origin-opener-policy"] == "same-origin"


async def test_hashed_names_are_kept_for_ever_and_the_rest_is_asked_again(web: Any) -> None:
    answer = await fetch(web, "/assets/app-1a2b3c.js")
    assert answer.headers.getall("cache-control") == ["public, max-age=31536000, immutable"]
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    icon = await fetch(web, "/favicon.svg")
    assert icon.headers["cache-control"] == "no-cache"
    again = await fetch(web, "/favicon.svg", if_none_match=icon.headers["etag"])
    assert (again.status, await again.read(), again.headers["etag"]) == (304, b"", icon.headers["etag"])
    assert (await fetch(web, "/favicon.svg", if_none_match='W/"x", "other"')).status == 200


async def test_each_client_gets_the_best_coding_that_it_takes(web: Any) -> None:
    wanted = {
        "gzip, deflate, br, zstd": ("br", b"brotli of assets/app-1a2b3c.js"),
        "gzip": ("gzip", gzip.compress(SCRIPT)),
        "br;q=0, gzip;q=0.5": ("gzip", gzip.compress(SCRIPT)),
        "identity": (None, SCRIPT),
    }
    etags = set()
    for accepted, (coding, body) in wanted.items():
        answer = await fetch(web, "/assets/app-1a2b3c.js", accept_encoding=accepted)
        read = await answer.read()
        assert answer.headers.get("content-encoding") == coding
        assert (gzip.decompress(read) == SCRIPT) if coding == "gzip" else read == body
        assert answer.headers["vary"] == "accept-encoding"
        etags.add(answer.headers["etag"])
    assert len(etags) == 3, "one for each coding"
    small = await fetch(web, "/favicon.svg", accept_encoding="br")
    assert "content-encoding" not in small.headers


async def test_head_tells_the_length_and_sends_nothing(web: Any) -> None:
    async with web.client.head(web.url + "/", headers={"accept-encoding": "identity"}) as answer:
        assert (answer.status, int(answer.headers["content-length"]), await answer.read()) == (200, len(PAGE), b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/assets/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/..%2fsecret.txt",
        "/assets/..%5c..%5csecret.txt",
        "//secret.txt",
        "/.vite/manifest.json",
        "/index.html.br",
        "/assets/way-out.txt",
        "/assets/%00",
    ],
)
async def test_no_path_leads_out_of_the_build(web: Any, path: str) -> None:
    # By hand: clients tidy such paths up before they send them.
    with socket.create_connection(("127.0.0.1", web.port)) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\naccept: */*\r\nconnection: close\r\n\r\n".encode())
        answer = b""
        while True:
            part = await asyncio.to_thread(line.recv, 65536)
            if not part:
                break
            answer += part
    assert answer.startswith(b"HTTP/1.1 404 ")
    assert b"not for the web" not in answer


async def test_a_new_build_is_served_without_a_restart(web: Any, built: Path) -> None:
    await fetch(web, "/")
    (built / "assets" / "app-9z.js").write_bytes(b"new")
    (built / "assets" / "app-1a2b3c.js").unlink()
    (built / "index.html").write_bytes(b"<title>new</title>")
    for old in built.glob("index.html.*"):
        old.unlink()
    os.utime(built / "index.html", ns=(1, 1))
    assert await (await fetch(web, "/")).read() == b"<title>new</title>"
    assert await (await fetch(web, "/assets/app-9z.js")).read() == b"new"
    assert (await fetch(web, "/assets/app-1a2b3c.js", accept="*/*")).status == 404


async def test_a_file_that_a_newer_build_took_away_is_not_found(web: Any, built: Path) -> None:
    (built / "assets" / "app-1a2b3c.js").unlink()
    assert (await fetch(web, "/assets/app-1a2b3c.js", accept="*/*")).status == 404


async def test_without_a_build_the_page_says_how_to_make_one(serve: Serve, tmp_path: Path) -> None:
    web = await serve(rooms=[WebRoom(tmp_path / "nothing")])
    answer = await fetch(web, "/")
    assert answer.status == 503
    assert b"make web" in await answer.read()
    assert (await web.get("/v1/models")).status == 200, "the APIs are served all the same"
