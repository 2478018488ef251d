"""Keys in memory, by the hash of their secret, refreshed by version: no request waits for a database."""

import asyncio
import hashlib
import logging
import time
from collections.abc import Mapping
from typing import Protocol

import msgspec

from pleiade.domain import Key, OpenKey, Principal
from pleiade.gateway.followed import Followed

logger = logging.getLogger(__name__)

NOTE_USE_S = 10.0  # how late the time of a key's last use may be in the database


class KeySource(Protocol):
    """Where keys come from. All functions may block; they are called in a thread."""

    def version(self) -> int:
        """Changes whenever what some key opens does."""
        ...

    def load(self) -> Mapping[str, OpenKey]:
        """What every key in force opens, by the hexadecimal SHA-256 of its secret."""
        ...

    def note_use(self, uses: Mapping[str, int]) -> None:
        """Key ids with the Unix seconds of their last use since the time before."""
        ...


class FixedKeys:
    """A source for tests and embedders: keys that are known from the start. Assign `keys` to change them."""

    def __init__(self, secrets: Mapping[str, Key]) -> None:
        self.keys = dict(secrets)
        self.used: dict[str, int] = {}  # key id → Unix seconds

    def version(self) -> int:
        """A number that follows the content."""
        return hash(frozenset(msgspec.json.encode(key) for key in self.keys.values()))

    def load(self) -> Mapping[str, OpenKey]:
        """The keys by hash, all of organisations that pay nothing."""
        return {
            key.sha256: OpenKey(
                Principal(
                    key=key.replaced_by or key.id,
                    project=key.project,
                    role=key.role,
                    organisation=key.organisation,
                    user=key.owner,
                    kind=key.kind,
                    scopes=key.scopes,
                ),
                key.expires,
            )
            for key in self.keys.values()
            if not key.revoked
        }

    def note_use(self, uses: Mapping[str, int]) -> None:
        """Remember them in `used`."""
        self.used |= uses


class DatabaseKeys:
    """Keys from the tenancy room's tables, each with its place there."""

    def __init__(self, database_url: str) -> None:
        # Imported here, so that a gateway over FixedKeys needs no database driver.
        from pleiade.store import open_database

        self._database = open_database(database_url)

    def version(self) -> int:
        """The row `keys` of the table `versions`."""
        from pleiade.tenancy import keys

        return keys.version(self._database)

    def load(self) -> Mapping[str, OpenKey]:
        """Every key that opens anything now."""
        from pleiade.tenancy.opening import open_keys

        return open_keys(self._database)

    def note_use(self, uses: Mapping[str, int]) -> None:
        """Write them, in one transaction."""
        from pleiade.tenancy import keys

        keys.note_last_use(self._database, uses)


class KeyRing:
    """Finds the principal of a secret.

    The dictionary is keyed by hash, so looking up tells an attacker nothing about secrets by its timing, and
    no secret stays in memory. If the source fails, the keys that were read last stay in force, and the log
    says so.
    """

    def __init__(self, source: KeySource) -> None:
        self._source = source
        self._entries: Followed[Mapping[str, OpenKey]] = Followed(
            "keys", {}, version=lambda: source.version(), load=lambda: source.load()
        )
        self._task: asyncio.Task[None] | None = None
        self._used: dict[str, int] = {}

    @property
    def loaded(self) -> bool:
        """Whether the keys have been read."""
        return self._entries.loaded

    def find(self, secret: bytes) -> Principal | None:
        """Who `secret` belongs to; None if it is unknown, revoked or expired."""
        entry = self._entries.value.get(hashlib.sha256(secret).hexdigest())
        now = time.time()
        if entry is None or (entry.expires and entry.expires <= now):
            return None
        self._used[entry.principal.key] = int(now)
        return entry.principal

    def find_by_id(self, key: str) -> Principal | None:
        """Who the key of that id belongs to; None if it opens nothing any more. It looks at every key."""
        now = time.time()
        for entry in self._entries.value.values():
            if entry.principal.key == key and not (entry.expires and entry.expires <= now):
                return entry.principal
        return None

    async def refresh(self) -> None:
        """Read the keys again if their version changed."""
        await self._entries.refresh()

    async def start(self) -> None:
        """Load the keys (errors are the caller's here), keep them fresh and tell their uses in the background."""
        await self._entries.start()
        self._task = asyncio.create_task(self._tell_uses(), name="tell uses of keys")

    async def stop(self) -> None:
        """Stop refreshing, and tell the last uses."""
        await self._entries.stop()
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            await self._try_to_note_uses()

    async def note_uses(self) -> None:
        """Tell the source which keys were used since it was told last; if that fails, the next time tells all."""
        uses, self._used = self._used, {}
        if not uses:
            return
        try:
            await asyncio.to_thread(self._source.note_use, uses)
        except Exception:
            self._used = uses | self._used
            raise

    async def _try_to_note_uses(self) -> None:
        try:
            await self.note_uses()
        except Exception:
            logger.exception("the last uses of %d keys cannot be written now", len(self._used))

    async def _tell_uses(self) -> None:
        while True:
            await asyncio.sleep(NOTE_USE_S)
            if not self._entries.failing:  # else the log has said why
                await self._try_to_note_uses()
