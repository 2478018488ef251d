"""What the tests of the ledger share: calls, a clock that is set by hand, a keeper that keeps until nothing is left."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa

from pleiade.domain import Usage
from pleiade.domain.books import Outcome, Reservation, Settlement
from pleiade.ledger.clock import SteadyClock
from pleiade.ledger.journal import Journal
from pleiade.ledger.keeper import Keeper
from pleiade.store.books import entries, rollups, series

NOVEMBER = 1_794_000_000_000  # 2026-11-06, Unix milliseconds
DAY_MS = 86_400_000


class HandClock(SteadyClock):
    """A clock whose hands the test moves: `wall` may jump anywhere, `steady` only forward."""

    def __init__(self, wall: int = NOVEMBER) -> None:
        self.wall = wall
        self.steady = 0
        super().__init__(lambda: self.wall, lambda: self.steady)

    def pass_ms(self, ms: int) -> None:
        """Time passes."""
        self.wall += ms
        self.steady += ms


def reservation(call: str, **changes: object) -> Reservation:
    """A sold call of an invoiced organisation."""
    fields: dict[str, object] = {
        "organisation": "org-a",
        "project": "proj_1",
        "key": "key_1",
        "user": "user-1",
        "billing": "invoiced",
        "deployment": "chat",
        "model": "gpt",
        "price": "price_1",
        "currency": "USD",
        "operation": "chat",
    }
    return Reservation(call=call, **{**fields, **changes})  # type: ignore[arg-type]


def settlement(call: str, tokens: int = 10, cost: int = 1000, **changes: object) -> Settlement:
    """A call that ended well."""
    fields: dict[str, object] = {"outcome": Outcome.COMPLETED, "usage": used(tokens), "cost": cost, "ms": 20}
    return Settlement(call=call, **{**fields, **changes})  # type: ignore[arg-type]


def used(tokens: int) -> Usage:
    """So many tokens of prompt, and as many of answer."""
    return Usage(prompt_tokens=tokens, completion_tokens=tokens)


def make_calls(journal: Journal, count: int, prefix: str = "call", **changes: object) -> None:
    """Calls that are reserved and settled, one after the other."""
    for number in range(count):
        journal.reserve(reservation(f"{prefix}-{number}", **changes))
        journal.settle(settlement(f"{prefix}-{number}", tokens=number))


def keep(folder: Path, db: sa.Engine) -> int:
    """Let a new keeper ship all that can be shipped now; how many entries it looked at."""
    keeper = Keeper(folder, db)
    try:
        return keep_on(keeper)
    finally:
        keeper.close()


def keep_on(keeper: Keeper) -> int:
    """Turns until nothing is left to ship."""
    total = 0
    for _ in range(1000):
        shipped = keeper.turn()
        total += shipped
        if not shipped:
            return total
    raise AssertionError("the keeper finds no end")


def rows_of(db: sa.Engine) -> list[sa.Row[tuple[object, ...]]]:
    """All entries with their names, in the order of their writers' chains."""
    chosen = sa.select(series, entries).join_from(entries, series, series.c.id == entries.c.series)
    with db.connect() as connection:
        return list(connection.execute(chosen.order_by(entries.c.writer, entries.c.sequence)))


def sums_of(db: sa.Engine, span: int) -> tuple[int, int, int]:
    """Calls, prompt tokens and cost in all sums of a span."""
    c = rollups.c
    chosen = sa.select(sa.func.sum(c.calls), sa.func.sum(c.prompt_tokens), sa.func.sum(c.cost)).where(c.span == span)
    with db.connect() as connection:
        calls, tokens, cost = connection.execute(chosen).one()
    return int(calls or 0), int(tokens or 0), int(cost or 0)


def kill(journal: Journal, torn: bytes = b"") -> None:
    """What kill -9 does to a journal: nothing more is written, its lock is free. `torn` is a write that was cut."""
    journal._syncing.stop()
    os.pwrite(journal._descriptor, torn, journal._end)
    os.close(journal._descriptor)
    os.close(journal._lock)


@contextmanager
def postgresql_stopped(url: sa.URL) -> Iterator[None]:
    """The tests' PostgreSQL is gone for a while; whoever was connected is cut off."""
    data = Path(str(url.query["host"])) / "data"
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    pg_ctl = str(programs[-1]) if programs else shutil.which("pg_ctl")
    become = ["runuser", "-u", data.owner(), "--"] if os.geteuid() == 0 else []
    options = shlex.split((data / "postmaster.opts").read_text())[1:]

    def control(*argv: str) -> None:
        done = subprocess.run([*become, str(pg_ctl), "-w", *argv], cwd=data.parent, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr

    control("stop", "-D", str(data), "-m", "immediate")
    try:
        yield
    finally:
        control("start", "-D", str(data), "-l", str(data.parent / "log"), "-o", shlex.join(options))
