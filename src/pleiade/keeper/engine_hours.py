"""What the machines cost: each hour that an engine of ours was ready in is an entry, so that profit is a fold."""

import socket
from pathlib import Path

import msgspec
import sqlalchemy as sa

from pleiade.domain import EndpointState, EndpointTable
from pleiade.domain.books import Transfer, TransferKind
from pleiade.domain.money import decimal
from pleiade.ledger.accounts import MACHINES
from pleiade.ledger.posting import post

HOUR_MS = 3_600_000
LOOK_EVERY_MS = 60_000
ACTOR = "keeper"


class EngineHours:
    """Posts begun hours, as clouds bill them, once each: replays and restarts change nothing."""

    def __init__(self, endpoints: Path, db: sa.Engine, *, nano: int, currency: str, host: str = "") -> None:
        """An hour of one engine costs `nano` of `currency`; `host` keeps machines that share a database apart."""
        self._endpoints = endpoints
        self._db = db
        self._nano = nano
        self._currency = currency
        self._host = host or socket.gethostname()
        self._looked_ms = 0
        self._posted: set[str] = set()

    def look(self, now_ms: int) -> int:
        """Post the hours that were begun since the last look; how many. Raises StoreError, LedgerError."""
        if abs(now_ms - self._looked_ms) < LOOK_EVERY_MS:  # a clock that was put back is looked at, too
            return 0
        self._looked_ms = now_ms
        hour = now_ms // HOUR_MS
        begun = [(f"engine-hour:{self._host}:{name}:{hour}", name) for name in self._running()]
        new = [
            Transfer(
                id=id,
                kind=TransferKind.ENGINE_HOURS,
                debit="cost:engine-hours",
                credit=MACHINES,
                amount=self._nano,
                currency=self._currency,
                time_ms=hour * HOUR_MS,
                reference=name,
                memo=f"one hour of {name} on {self._host}, at {decimal(self._nano)} {self._currency}",
            )
            for id, name in begun
            if id not in self._posted
        ]
        if not new:
            return 0
        posted = post(self._db, new, ACTOR)
        self._posted = {id for id, _ in begun}
        return posted

    def _running(self) -> list[str]:
        """Deployments whose engines run here now; what runs elsewhere is somebody else's cost."""
        try:
            table = msgspec.json.decode(self._endpoints.read_bytes(), type=EndpointTable)
        except (OSError, msgspec.DecodeError):
            return []
        return [
            endpoint.deployment
            for endpoint in table.endpoints
            if endpoint.state is EndpointState.READY and endpoint.engine != "upstream"
        ]
