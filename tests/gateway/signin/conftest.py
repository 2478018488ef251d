"""Fixtures of signing in."""

import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from town import Town

from pleiade.domain import OPERATOR
from pleiade.gateway.rooms import production_rooms
from pleiade.settings import Settings
from pleiade.store import open_database
from pleiade.tenancy.organisations import create_organisation
from pleiade.tenancy.signin import passwords
from tenancy.signin.issuing import TestIssuer

Serve = Callable[..., Awaitable[Any]]


@pytest.fixture(autouse=True)
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords that take no time to hash; tests/tenancy/signin/test_passwords.py takes the real ones."""
    monkeypatch.setattr(passwords, "LOG_WORK", 8)


@pytest.fixture
async def issuer() -> AsyncIterator[TestIssuer]:
    """An issuer of tokens on loopback."""
    issuer = TestIssuer()
    await issuer.start()
    yield issuer
    await issuer.stop()


@pytest.fixture
async def town(serve: Serve, tmp_path: Path, migrated_sqlite: Path) -> AsyncIterator[Town]:
    """A gateway on SQLite with the customer "acme"."""
    shutil.copy(migrated_sqlite, tmp_path / "pleiade.db")
    db = open_database(f"sqlite:///{tmp_path / 'pleiade.db'}")
    create_organisation(db, name="Acme", id="acme", actor=OPERATOR)
    wanted: dict[str, Any] = {"home": str(tmp_path), "public_url": "http://pleiade.test"}
    served = await serve(rooms=production_rooms(Settings(**wanted)), **wanted)
    yield Town(served, db)
    db.dispose()
