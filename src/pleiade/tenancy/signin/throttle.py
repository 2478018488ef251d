"""How often somebody may try a password: counted in the database, so that more gateways give no more tries."""

import hashlib

import sqlalchemy as sa

from pleiade.store import unit_of_work
from pleiade.store.signin import sign_in_attempts

WINDOW_S = 15 * 60
PER_PAIR = 5  # one account from one address
PER_ACCOUNT = 50  # from anywhere: more would let a stranger lock its owner out
PER_ADDRESS = 50  # for any account

# One atomic statement, the same in SQLite and PostgreSQL; a window that is over begins anew.
_COUNT = sa.text(
    "INSERT INTO sign_in_attempts (name, since, count) VALUES (:name, :now, 1) ON CONFLICT (name) DO UPDATE SET "
    "count = CASE WHEN sign_in_attempts.since <= :now - :window THEN 1 ELSE sign_in_attempts.count + 1 END, "
    "since = CASE WHEN sign_in_attempts.since <= :now - :window THEN :now ELSE sign_in_attempts.since END "
    "RETURNING since, count"
)


class TooManyAttemptsError(Exception):
    """No more passwords for now; `retry_after_s` says until when."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"too many attempts to sign in; try again in {retry_after_s} seconds")
        self.retry_after_s = retry_after_s


def count_attempt(db: sa.Engine, account: str, address: str, now: int) -> None:
    """Count one attempt before its password is looked at. Raises TooManyAttemptsError.

    Attempts that come at once are counted one by one, so they cannot slip through together.
    """
    wait = 0
    with unit_of_work(db) as connection:
        connection.execute(sa.delete(sign_in_attempts).where(sign_in_attempts.c.since <= now - WINDOW_S))
        for name, limit in sorted(_names(account, address).items()):  # one order for all: no deadlock
            values = {"name": name, "now": now, "window": WINDOW_S}
            since, count = connection.execute(_COUNT, values).one()
            if count > limit:
                wait = max(wait, since + WINDOW_S - now, 1)
    if wait:
        raise TooManyAttemptsError(wait)


def forget_attempts(db: sa.Engine, account: str, address: str) -> None:
    """The right password came: this account from this address starts anew, and the attempt counts for neither.

    So an office behind one address may sign in as often as it likes.
    """
    table, others = sign_in_attempts, sorted(_names(account, address).keys() - {_pair(account, address)})
    with unit_of_work(db) as connection:
        connection.execute(sa.delete(table).where(table.c.name == _pair(account, address)))
        for name in others:
            forgive = sa.update(table).where(table.c.name == name, table.c.count > 0)
            connection.execute(forgive.values(count=table.c.count - 1))


def _names(account: str, address: str) -> dict[str, int]:
    return {
        _pair(account, address): PER_PAIR,
        _digest("account", account): PER_ACCOUNT,
        _digest("address", address): PER_ADDRESS,
    }


def _pair(account: str, address: str) -> str:
    return _digest("pair", account, address)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
