"""Things of the database that requests need, kept in memory and read again when their version changes."""

import asyncio
import logging
from collections.abc import Callable
from typing import Generic, TypeVar

logger = logging.getLogger(__name__)

T = TypeVar("T")

REFRESH_S = 0.5


class Followed(Generic[T]):
    """`value` is what `load` gave last. If its source fails, it stays in force, and the log says so once."""

    def __init__(self, what: str, empty: T, *, version: Callable[[], int], load: Callable[[], T]) -> None:
        """`version` and `load` may block: they are called in a thread. `what` names the thing in the log."""
        self.value = empty
        self._what = what
        self._version_of = version
        self._load = load
        self._version: int | None = None
        self._task: asyncio.Task[None] | None = None
        self.failing = False  # it could not be read the last time

    @property
    def loaded(self) -> bool:
        """Whether `value` was read at all."""
        return self._version is not None

    async def refresh(self) -> None:
        """Read the value again if its version changed. Raises what the database raises."""
        version = await asyncio.to_thread(self._version_of)
        if version != self._version:
            self.value = await asyncio.to_thread(self._load)
            self._version = version

    async def start(self, *, patient: bool = False) -> None:
        """Load the value and keep it fresh in the background. Errors are the caller's here, unless it is `patient`."""
        if patient:
            await self._refresh_or_tell()
        else:
            await self.refresh()
        self._task = asyncio.create_task(self._keep_fresh(), name=f"follow {self._what}")

    async def stop(self) -> None:
        """Stop refreshing."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _keep_fresh(self) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            await self._refresh_or_tell()

    async def _refresh_or_tell(self) -> None:
        try:
            await self.refresh()
            self.failing = False
        except Exception:
            if not self.failing:
                logger.exception("%s cannot be refreshed; what was read before stays in force", self._what)
            self.failing = True
