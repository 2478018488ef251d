"""The proof: everything that the books say about themselves is computed again, in one consistent view of the database.

Memory is bounded, time is not: an entry takes about 20 µs.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import msgspec
import sqlalchemy as sa

from pleiade.ledger.verify_chains import check_entries, check_seals, check_transfers
from pleiade.ledger.verify_sums import check_accounts, check_once, check_sums
from pleiade.store import reading

SHOWN = 20  # problems of a check that are told in words

Finding = Iterator[str]  # problems, in words
More = Callable[[sa.Engine], Sequence[str]]  # a check of another room: its problems, in words


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was proved, or was not."""

    name: str
    proves: str  # in a sentence
    checked: int  # how many things were looked at
    problems: tuple[str, ...]  # the first SHOWN of them
    num_problems: int

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.num_problems


_CHECKS: list[tuple[str, str, Callable[[sa.Connection], Iterator[str | int]]]] = [
    ("entries", "each writer's entries are whole, in order, unchanged, and in their month", check_entries),
    ("once", "no call was settled twice", check_once),
    ("sums", "sums by hour and by day are the sums of the entries", check_sums),
    ("transfers", "transfers are whole, in order and unchanged", check_transfers),
    ("accounts", "what was debited was credited, in each currency", check_accounts),
    ("seals", "each hour's seal follows from the one before, and the entries that it names are unchanged", check_seals),
]


def verify(db: sa.Engine, *, more: Sequence[tuple[str, str, More]] = ()) -> Iterator[Check]:
    """Check after check, each once it is done. `more`: name, what it proves, the check itself. Raises StoreError."""
    with reading(db) as connection:
        if connection.dialect.name == "postgresql":  # entries arrive meanwhile: all questions are about one moment
            connection.execute(sa.text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
        for name, proves, check in _CHECKS:
            yield _done(name, proves, check(connection))
    for name, proves, ask in more:
        problems = ask(db)
        yield _done(name, proves, iter(problems))


def check_folder(folder: Path) -> Check:
    """Whether journals were read without damage: the keeper puts aside the files in which something was wrong."""
    damaged = sorted(path.name for path in folder.glob("*.damaged"))
    segments = len(list(folder.glob("*.journal")))
    said = [f"{name} was not as it had been written: keep a copy, then remove it" for name in damaged]
    return _done("journals", "no journal was damaged", iter([segments + len(damaged), *said]))


def _done(name: str, proves: str, found: Iterator[str | int]) -> Check:
    """Run a check: numbers that it gives are counted, sentences are problems."""
    checked, count = 0, 0
    problems: list[str] = []
    for each in found:
        if isinstance(each, int):
            checked += each
            continue
        count += 1
        if len(problems) < SHOWN:
            problems.append(each)
    return Check(name=name, proves=proves, checked=checked, problems=tuple(problems), num_problems=count)
