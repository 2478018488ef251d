"""Ten million settled calls through the ledger's own code, then usage by project and day over all of them.

Run: python bench/ledger.py [--calls N] [--database URL] [--folder DIR]

Calls of a quarter are written by real journals (reserve, settle) and shipped by the real keeper, into SQLite unless
told otherwise. What is in the folder's database already is kept: stopped at any moment, the same command goes on, and a
finished one is measured again. The last line:

ledger_usage_ms   usage by project and day of the whole quarter, median, in ms
ledger_costs_ms   costs by organisation and day of it, median, in ms
ledger_journal_us reserve and settle in the journal, in µs of CPU
ledger_shipped    entries shipped per second
ledger_growth     the most resident memory after a tenth of the calls ÷ that after a tenth
"""

import argparse
import hashlib
import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import sqlalchemy as sa

from machine import memory_mb
from peers import ROOT
from pleiade.domain import Usage
from pleiade.domain.books import Outcome, Reservation, Settlement
from pleiade.ledger.clock import SteadyClock
from pleiade.ledger.journal import Journal
from pleiade.ledger.keeper import Keeper
from pleiade.ledger.usage import costs, usage
from pleiade.store import migrate, open_database
from pleiade.store.books import rollups
from report import result_line, table, write_json

BEGIN = int(datetime(2026, 7, 1, tzinfo=UTC).timestamp())
END = int(datetime(2026, 10, 1, tzinfo=UTC).timestamp())
EACH = 50_000  # calls of one journal, as if a gateway lived so long
ORGANISATIONS, PROJECTS, KEYS, MODELS = 10, 50, 2, 3
OUTCOMES = [Outcome.COMPLETED] * 61 + [Outcome.CANCELLED, Outcome.FAILED, Outcome.FILTERED]


class Quarter:
    """Time and calls of a quarter: the call of a number is always the same."""

    def __init__(self, calls: int) -> None:
        self._calls = calls
        self.number = 0

    def wall(self) -> int:
        """When the present call is made, Unix milliseconds."""
        return BEGIN * 1000 + (END - BEGIN) * 1000 * self.number // self._calls

    def call(self) -> tuple[Reservation, Settlement]:
        """The present call."""
        dice = hashlib.blake2b(self.number.to_bytes(8, "big"), digest_size=16).digest()
        project, model = dice[0] % PROJECTS, dice[1] % MODELS
        seller = ("openai", "azure")[project % 2]
        prompt, answer = int.from_bytes(dice[3:5], "big") % 4000, int.from_bytes(dice[5:7], "big") % 1000
        reservation = Reservation(
            call=dice.hex(),
            organisation=f"org-{project % ORGANISATIONS}",
            project=f"proj_{project:03}",
            key=f"key_{project:03}_{dice[7] % KEYS}",
            user=f"user-{project:03}",
            storefront=seller,
            billing="invoiced",
            deployment=f"deployment-{model}",
            model=f"model-{model}",
            price=f"price_{model}",
            currency="USD",
            operation="chat",
            stream=bool(dice[8] % 2),
        )
        settlement = Settlement(
            call=reservation.call,
            outcome=OUTCOMES[dice[9] % len(OUTCOMES)],
            usage=Usage(prompt_tokens=prompt, completion_tokens=answer, cached_tokens=prompt // 2),
            cost=prompt * 150 + answer * 600,
            ms=answer * 12,
            first_byte_ms=40,
        )
        return reservation, settlement


def write(folder: Path, quarter: Quarter, until: int) -> float:
    """Write calls up to the number `until` into one new journal; CPU seconds in reserve and settle."""
    steady = time.monotonic_ns() // 1_000_000
    journal = Journal.open(folder, clock=SteadyClock(quarter.wall, lambda: steady))
    spent = 0.0
    while quarter.number < until:
        reservation, settlement = quarter.call()
        began = time.thread_time()
        journal.reserve(reservation)
        journal.settle(settlement)
        spent += time.thread_time() - began
        quarter.number += 1
    journal.close()
    return spent


def ship(keeper: Keeper) -> tuple[int, float]:
    """Ship all that there is; how many entries, and in how many seconds."""
    began, shipped = time.perf_counter(), 0
    while batch := keeper.turn():
        shipped += batch
    return shipped, time.perf_counter() - began


def fill(db: sa.Engine, folder: Path, calls: int) -> dict[str, float]:
    """Bring the database to `calls` calls; how fast that went, and what it did to our memory."""
    notes = folder.parent / "filled.json"  # sums over all runs that filled this database
    keeper = Keeper(folder, db, now_ms=lambda: END * 1000)
    ship(keeper)  # what a run that was stopped has left
    quarter = Quarter(calls)
    first = quarter.number = counted(db)
    seen = json.loads(notes.read_text()) if notes.exists() else {"written_s": 0, "shipped_s": 0, "shipped": 0}
    early = 0.0
    began = time.perf_counter()
    while quarter.number < calls:
        seen["written_s"] += write(folder, quarter, min(calls, quarter.number + EACH))
        batch, seconds = ship(keeper)
        seen["shipped"], seen["shipped_s"] = seen["shipped"] + batch, seen["shipped_s"] + seconds
        memory = memory_mb(os.getpid())
        if not early and (quarter.number - first) * 10 >= calls - first:
            early = memory
        if early:
            seen["growth"] = max(seen.get("growth", 0.0), memory / early)
        notes.write_text(json.dumps(seen))
        left = (time.perf_counter() - began) / (quarter.number - first) * (calls - quarter.number)
        print(
            f"\r{quarter.number:,} of {calls:,} calls, {batch / seconds:,.0f} shipped/s, {memory:.0f} MB, "
            f"{left / 60:.1f} min left   ",
            end="",
            file=sys.stderr,
            flush=True,
        )
    keeper.close()
    if quarter.number > first:
        print(file=sys.stderr)
    return {
        "ledger_journal_us": seen["written_s"] / seen["shipped"] * 1e6,
        "ledger_shipped": seen["shipped"] / seen["shipped_s"],
        "ledger_growth": seen["growth"],
    }


def counted(db: sa.Engine) -> int:
    """Calls in the database."""
    with db.connect() as connection:
        return int(connection.scalar(sa.select(sa.func.sum(rollups.c.calls)).where(rollups.c.span == 86400)) or 0)


def timed(ask: Callable[[], int], rounds: int) -> tuple[float, float, int]:
    """Median and worst milliseconds of a question, and how many rows it gave."""
    times, rows = [], 0
    for _ in range(rounds):
        began = time.perf_counter()
        rows = ask()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times), max(times), rows


def main() -> None:
    """Fill, ask, tell."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--calls", type=int, default=10_000_000)
    parser.add_argument("--database", default="", help="SQLAlchemy URL (default: SQLite in the folder)")
    parser.add_argument("--folder", type=Path, default=ROOT / ".cache" / "bench" / "ledger")
    parser.add_argument("--rounds", type=int, default=15, help="how often each question is asked")
    options = parser.parse_args()
    folder = options.folder.resolve() / f"{options.calls}"
    folder.mkdir(parents=True, exist_ok=True)
    db = open_database(options.database or f"sqlite:///{folder / 'pleiade.db'}")
    migrate(db)
    filled = fill(db, folder / "ledger", options.calls)
    months = sa.select(sa.func.count()).select_from(rollups)
    with db.connect() as connection:
        num_rows = connection.scalar(months.where(rollups.c.span == 86400))
    questions: dict[str, Callable[[], int]] = {
        "usage by project and day, the quarter": lambda: sum(
            1 for _ in usage(db, start=BEGIN, end=END, by=("project",))
        ),
        "costs by organisation and day, the quarter": lambda: sum(
            1 for _ in costs(db, start=BEGIN, end=END, by=("organisation",))
        ),
        "usage by model and hour, one day": lambda: sum(
            1 for _ in usage(db, start=BEGIN, end=BEGIN + 86400, bucket="hour", by=("model",))
        ),
        "usage by key and day, the quarter": lambda: sum(1 for _ in usage(db, start=BEGIN, end=END, by=("key",))),
        "usage of one project by key, all in one": lambda: sum(
            1 for _ in usage(db, start=BEGIN, end=END, bucket="all", by=("key",), where={"project": ["proj_007"]})
        ),
    }
    found = {name: timed(ask, options.rounds) for name, ask in questions.items()}
    print(f"{counted(db):,} calls, {num_rows:,} sums by day\n")
    rows = [[name, f"{median:.1f}", f"{worst:.1f}", f"{rows:,}"] for name, (median, worst, rows) in found.items()]
    print(table(["question", "median ms", "worst ms", "rows"], rows))
    first, second, *_ = found.values()
    values = {"ledger_usage_ms": first[0], "ledger_costs_ms": second[0], **filled}
    if options.calls == 10_000_000:
        shown = {name: {"median_ms": median, "rows": rows} for name, (median, _, rows) in found.items()}
        write_json(
            "ledger", {"calls": options.calls, "database": db.dialect.name, "result": values, "questions": shown}
        )
    print(result_line(values))
    db.dispose()


if __name__ == "__main__":
    main()
