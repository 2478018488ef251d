"""Passwords: salted, slow on purpose, and the same from whatever keyboard."""

import pytest
import sqlalchemy as sa

from pleiade.domain import OPERATOR
from pleiade.store import reading, unit_of_work
from pleiade.store.signin import passwords as table
from pleiade.store.tenants import users
from pleiade.tenancy.errors import NotFoundError
from pleiade.tenancy.signin import passwords
from pleiade.tenancy.signin.passwords import PasswordError, check_password, set_password
from pleiade.tenancy.signin.throttle import PER_ADDRESS, WINDOW_S, TooManyAttemptsError, count_attempt, forget_attempts


@pytest.fixture
def db(db: sa.Engine) -> sa.Engine:
    """A database that knows two people."""
    with unit_of_work(db) as connection:
        for name in ("alice", "bob"):
            connection.execute(sa.insert(users).values(id=name, email=f"{name}@x.example", name=name, created=1))
    return db


def test_a_password_opens_for_its_user_only(sqlite_db: sa.Engine) -> None:
    db = sqlite_db
    with unit_of_work(db) as connection:
        connection.execute(sa.insert(users).values(id="alice", email="alice@x.example", name="alice", created=1))
    set_password(db, "alice", "motdepasse-é", actor=OPERATOR)
    assert check_password(db, "alice", "motdepasse-é")
    assert check_password(db, "alice", "motdepasse-e\u0301")  # composed by another keyboard
    assert not check_password(db, "alice", "motdepasse-e")
    assert not check_password(db, "bob", "motdepasse-é")
    assert not check_password(db, "", "motdepasse-é")


@pytest.fixture
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "LOG_WORK", 8)


@pytest.mark.usefixtures("cheap")
def test_equal_passwords_rest_as_different_hashes(db: sa.Engine) -> None:
    for user in ("alice", "bob"):
        set_password(db, user, "the same password", actor=OPERATOR)
    with reading(db) as connection:
        first, second = connection.scalars(sa.select(table.c.hash)).all()
    assert first != second
    assert "password" not in first + second


@pytest.mark.usefixtures("cheap")
@pytest.mark.parametrize("password", ["short", "x" * 257])
def test_too_short_and_absurdly_long_passwords_are_refused(sqlite_db: sa.Engine, password: str) -> None:
    with pytest.raises(PasswordError, match="characters"):
        set_password(sqlite_db, "alice", password, actor=OPERATOR)


@pytest.mark.usefixtures("cheap")
def test_nobody_has_a_password_without_being_somebody(sqlite_db: sa.Engine) -> None:
    with pytest.raises(NotFoundError):
        set_password(sqlite_db, "user-nobody", "a long password", actor=OPERATOR)


def test_attempts_are_counted_per_address_over_all_accounts_and_forgotten_in_time(db: sa.Engine) -> None:
    for number in range(PER_ADDRESS):
        count_attempt(db, f"account-{number}", "192.0.2.1", 1000)
    with pytest.raises(TooManyAttemptsError) as refused:
        count_attempt(db, "another", "192.0.2.1", 1100)
    assert refused.value.retry_after_s == WINDOW_S - 100
    count_attempt(db, "another", "192.0.2.2", 1100)
    forget_attempts(db, "another", "192.0.2.1")
    with pytest.raises(TooManyAttemptsError):
        count_attempt(db, "another", "192.0.2.1", 1100)
    count_attempt(db, "another", "192.0.2.1", 1000 + WINDOW_S)
