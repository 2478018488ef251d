"""The web app calls routes that any client may call: those of docs/api.md, and no other."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "web" / "src"
CALL = re.compile(r"\b(?:api\.(get|post|del)|send)(?:<[^()]*?>)?\(\s*(?:\"(GET|POST|DELETE)\",\s*)?([\"`])(/[^\"`]*)\3")
PATH = re.compile(r"[\"`](/(?:v1/|auth/|healthz|readyz|openapi)[^\"`\s]+)[\"`]")


def plain(path: str) -> str:
    """Without its query, every value of it as {}."""
    path = path.removeprefix("/v1").partition("?")[0]
    path = re.sub(r"\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}", "{}", path)
    return re.sub(r"\{\w*\}", "{}", path)


def documented() -> set[tuple[str, str]]:
    """Method and path of every route that the page tells."""
    rows = re.findall(
        r"^\| `(GET|POST|PUT|PATCH|DELETE) (/\S*)` \|", (ROOT / "docs" / "api.md").read_text(), re.MULTILINE
    )
    return {(method, plain(path)) for method, path in rows}


def test_every_call_is_of_a_documented_route() -> None:
    known, called = documented(), set()
    for path in sorted(WEB.rglob("*.ts*")):
        for verb, method, _, route in CALL.findall(path.read_text()):
            called.add((method or {"get": "GET", "post": "POST", "del": "DELETE"}[verb], plain(route)))
    assert len(called) >= 4, "calls are found"
    assert called - known == set()


def test_every_path_named_is_a_documented_one() -> None:
    paths = {path for _, path in documented()}
    for file in sorted(WEB.rglob("*.ts*")):
        for route in PATH.findall(file.read_text()):
            # A path may be put together of two: what is left open at its end stands for a query.
            assert plain(route).removesuffix("{}").rstrip("/") in {
                path.removesuffix("{}").rstrip("/") for path in paths
            }, f"{file.relative_to(ROOT)} names {route}"


def test_nothing_is_fetched_but_by_the_client() -> None:
    """One place knows about cookies, tokens and sessions that end."""
    callers = {
        path.relative_to(WEB).as_posix() for path in WEB.rglob("*.ts*") if re.search(r"\bfetch\(", path.read_text())
    }
    shown = {"parts/inJavaScript.ts"}  # it writes programs for people to run
    assert callers - shown == {"api/client.ts", "api/session.ts", "api/connection.ts"}


def test_the_server_knows_the_addresses_of_the_app() -> None:
    from pleiade.gateway.web.room import SPACES

    routes = re.findall(r"<Route path=\"/([^\"/:]*)", (WEB / "App.tsx").read_text())
    assert set(routes) <= SPACES
