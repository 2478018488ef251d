"""Any interleaving of calls and deaths, of writers and of the keeper: one entry a reservation, and sums that match."""

import shutil
import tempfile
from itertools import pairwise
from pathlib import Path

import sqlalchemy as sa
from books import HandClock, keep, kill, reservation, rows_of, settlement, sums_of, used
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pleiade.domain.books import Outcome
from pleiade.ledger.journal import Journal
from pleiade.ledger.keeper import Keeper

WRITERS, CALLS = 3, 4
writers = st.integers(0, WRITERS - 1)
calls = st.integers(0, CALLS - 1)
counts = st.integers(0, 2000)

steps = st.one_of(
    st.tuples(st.just("reserve"), writers, calls, counts),
    st.tuples(st.just("mark"), writers, calls, counts),
    st.tuples(st.just("settle"), writers, calls, counts),
    st.tuples(st.just("kill"), writers, st.just(0), st.integers(0, 40)),
    st.tuples(st.just("keep"), st.just(0), st.just(0), st.just(0)),
    st.tuples(st.just("kill keeper"), st.just(0), st.just(0), st.just(0)),
    st.tuples(st.just("jump"), st.just(0), st.just(0), st.integers(-40 * 86_400_000, 86_400_000)),
)


class World:
    """Writers, a keeper, and what the books must hold in the end: call → (outcome, tokens, cost)."""

    def __init__(self, folder: Path, db: sa.Engine) -> None:
        self.folder = folder
        self.db = db
        self.clock = HandClock()
        self.journals = [self.open() for _ in range(WRITERS)]
        self.running: list[dict[int, str]] = [{} for _ in range(WRITERS)]
        self.keeper = Keeper(folder, db, now_ms=lambda: self.clock.wall)
        self.expected: dict[str, tuple[str, int, int]] = {}

    def open(self) -> Journal:
        """A new writer, with small segments and a clock of its own that reads the one wall."""
        clock = HandClock()
        clock._wall, clock._steady = (lambda: self.clock.wall), (lambda: self.clock.steady)
        return Journal.open(self.folder, segment_bytes=2_000, clock=clock)

    def step(self, what: str, writer: int, slot: int, number: int) -> None:
        """Do one thing, and note what the books must hold for it."""
        self.clock.pass_ms(1 + number)
        journal, running = self.journals[writer], self.running[writer]
        call = running.get(slot)
        if what == "reserve" and call is None:
            running[slot] = call = f"call-{len(self.expected)}"
            journal.reserve(reservation(call, project=f"proj_{slot}"))
            self.expected[call] = (Outcome.CRASHED, 0, 0)
        elif what == "mark" and call is not None:
            journal.mark(call, used(number), cost=number * 7)
            self.expected[call] = (Outcome.CRASHED, number, number * 7)
        elif what == "settle" and call is not None:
            journal.settle(settlement(call, tokens=number, cost=number * 11))
            self.expected[running.pop(slot)] = (Outcome.COMPLETED, number, number * 11)
        elif what == "kill":
            kill(journal, b"\x20\x00\x00\x00" + bytes(range(number)))
            self.running[writer] = {}
            self.journals[writer] = self.open()
        elif what == "keep":
            self.keeper.turn()
        elif what == "kill keeper":
            self.keeper.close()
            self.keeper = Keeper(self.folder, self.db, now_ms=lambda: self.clock.wall)
        elif what == "jump":
            self.clock.wall += number


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(steps, max_size=60))
def test_each_reservation_has_one_entry_whatever_dies_and_the_sums_are_its_sums(
    migrated_sqlite: Path, script: list[tuple[str, int, int, int]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        db = sa.create_engine(f"sqlite:///{shutil.copy(migrated_sqlite, home)}")
        world = World(home / "ledger", db)
        for step in script:
            world.step(*step)
        world.keeper.close()
        for journal in world.journals:
            kill(journal)
        keep(home / "ledger", db)
        rows = rows_of(db)
        assert sorted(row.call for row in rows) == sorted(world.expected)
        assert {row.call: (row.outcome, row.completion_tokens, row.cost) for row in rows} == world.expected
        whole = (len(rows), sum(row.prompt_tokens for row in rows), sum(row.cost for row in rows))
        assert sums_of(db, 3600) == sums_of(db, 86400) == whole
        for earlier, later in pairwise(rows):
            assert earlier.writer != later.writer or (
                earlier.time_ms <= later.time_ms and earlier.sequence + 1 == later.sequence
            )
        db.dispose()
