"""Hours of engines are costs in the books, once each."""

from pathlib import Path

import msgspec
import sqlalchemy as sa

from pleiade.domain import Endpoint, EndpointState, EndpointTable
from pleiade.keeper.engine_hours import HOUR_MS, EngineHours
from pleiade.ledger.balances import balance
from pleiade.ledger.profit import monthly_profit

NOON = 1_794_052_800_000  # 2026-11-07 12:00 UTC, Unix milliseconds
CENTS_40 = 400_000_000  # nano


def write_table(path: Path, **states: EndpointState) -> None:
    endpoints = [
        Endpoint(
            deployment=name,
            model="m",
            kind="text",
            engine="upstream" if name == "far" else "text_openvino",
            state=state,
        )
        for name, state in states.items()
    ]
    path.write_bytes(msgspec.json.encode(EndpointTable(version=1, endpoints=tuple(endpoints))))


def hours(db: sa.Engine, path: Path) -> EngineHours:
    return EngineHours(path, db, nano=CENTS_40, currency="EUR", host="here")


def test_each_begun_hour_of_an_engine_costs_once_whoever_looks_how_often(db: sa.Engine, tmp_path: Path) -> None:
    path = tmp_path / "endpoints.json"
    write_table(path, chat=EndpointState.READY, embed=EndpointState.READY, far=EndpointState.READY)
    keeper = hours(db, path)
    assert keeper.look(NOON) == 2  # what runs elsewhere is not our machine
    assert keeper.look(NOON + 70_000) == 0
    assert hours(db, path).look(NOON + HOUR_MS // 2) == 0  # a keeper that was started again
    assert keeper.look(NOON + HOUR_MS) == 2
    assert balance(db, "cost:engine-hours") == {"EUR": 4 * CENTS_40}
    assert monthly_profit(db, ["2026-11"]) == [("2026-11", -4 * CENTS_40, "EUR")]


def test_an_engine_that_does_not_run_costs_nothing(db: sa.Engine, tmp_path: Path) -> None:
    path = tmp_path / "endpoints.json"
    keeper = hours(db, path)
    assert keeper.look(NOON) == 0  # no supervisor, no table
    write_table(path, chat=EndpointState.FAILED)
    assert keeper.look(NOON + 70_000) == 0
    assert balance(db, "cost:engine-hours") == {}


def test_a_clock_that_is_put_back_stops_no_hour_from_being_booked(db: sa.Engine, tmp_path: Path) -> None:
    path = tmp_path / "endpoints.json"
    write_table(path, chat=EndpointState.READY)
    keeper = hours(db, path)
    assert keeper.look(NOON + 365 * 24 * HOUR_MS) == 1
    assert keeper.look(NOON) == 1
