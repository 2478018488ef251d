"""What the calls of a dead gateway used is asked of their engines, priced, and never guessed."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest
import sqlalchemy as sa

from pleiade.domain import Endpoint, EndpointState, EndpointTable, ModelKind, Usage
from pleiade.domain.books import Reservation
from pleiade.domain.price import Rate, RateKind
from pleiade.keeper.lost_calls import EngineCounts
from pleiade.prices import set_price
from pleiade.prices.catalogue import Offer

COUNTED = {"prompt_tokens": 10, "completion_tokens": 5, "prompt_tokens_details": {"cached_tokens": 4}}


class _Engine(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        known = self.path == "/v1/usage/req_known" and self.headers["authorization"] == "Bearer token"
        body = msgspec.json.encode({"usage": COUNTED} if known else {"error": {}})
        self.send_response(200 if known else 404)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None: ...


@pytest.fixture
def port() -> Iterator[int]:
    """An engine that remembers one request."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Engine)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()


def table(path: Path, port: int, *, tells: bool = True) -> Path:
    endpoint = Endpoint(
        deployment="chat",
        model="gpt",
        kind="text",
        engine="text_openvino",
        state=EndpointState.READY,
        url=f"http://127.0.0.1:{port}/v1",
        headers={"authorization": "Bearer token"},
        tells_usage=tells,
    )
    path.write_bytes(msgspec.json.encode(EndpointTable(version=1, endpoints=(endpoint,))))
    return path


def reservation(call: str, price: str = "", deployment: str = "chat") -> Reservation:
    return Reservation(call=call, deployment=deployment, model="gpt", price=price)


def test_an_engine_that_remembers_tells_and_the_price_is_applied(
    sqlite_db: sa.Engine, tmp_path: Path, port: int
) -> None:
    rates = tuple(Rate(kind=kind, amount="1", per=1_000_000) for kind in (RateKind.INPUT, RateKind.OUTPUT))
    offer = Offer(storefront="openai", model="gpt", currency="USD", rates=rates, kind=ModelKind.TEXT)
    price = set_price(sqlite_db, offer)
    ask = EngineCounts(table(tmp_path / "endpoints.json", port), sqlite_db)
    told = ask([reservation("known", price.id), reservation("unknown"), reservation("other", deployment="gone")])
    usage = Usage(prompt_tokens=10, completion_tokens=5, cached_tokens=4)
    assert told == {"known": (usage, 15_000)}
    assert ask([reservation("known")]) == {"known": (usage, 0)}  # own use costs nothing


def test_whoever_cannot_be_asked_tells_nothing(sqlite_db: sa.Engine, tmp_path: Path, port: int) -> None:
    path = tmp_path / "endpoints.json"
    assert EngineCounts(path, sqlite_db)([reservation("known")]) == {}  # no table
    assert EngineCounts(table(path, port, tells=False), sqlite_db)([reservation("known")]) == {}
    assert EngineCounts(table(path, 1), sqlite_db)([reservation("known")]) == {}  # nobody listens


def test_an_engine_that_takes_its_time_for_each_call_holds_nobody_up(
    sqlite_db: sa.Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Slow(_Engine):
        asked = 0

        def do_GET(self) -> None:
            Slow.asked += 1
            time.sleep(0.05)
            super().do_GET()

    monkeypatch.setattr("pleiade.keeper.lost_calls.PATIENCE_S", 0.2)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Slow)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    ask = EngineCounts(table(tmp_path / "endpoints.json", server.server_address[1]), sqlite_db)
    told = ask([reservation("known"), *(reservation(f"unknown {number}") for number in range(200))])
    server.shutdown()
    server.server_close()
    assert set(told) == {"known"}
    assert Slow.asked < 20
