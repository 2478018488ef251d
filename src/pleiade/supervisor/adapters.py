"""Adapters of a running engine: loaded and forgotten one by one while it answers, until none differs."""

import asyncio
import logging
from collections.abc import Callable, Mapping

import msgspec

LOAD_TIMEOUT_S = 120.0  # the engine compiles its decoder anew beside the one that runs

logger = logging.getLogger(__name__)


class AdapterError(Exception):
    """An engine did not load an adapter; the message says why."""


class Place(msgspec.Struct, frozen=True):
    """Where an engine listens on this machine, and what it must be sent."""

    port: int
    base: str  # path before its routes
    headers: Mapping[str, str]


class Adapters:
    """Those of one engine, over all its starts. `changed` hears of each that was loaded or refused."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._place: Place | None = None  # None: it runs not, or cannot change them
        self._loaded: dict[str, str] | None = None  # name -> folder; None: it runs not
        self._wanted: Mapping[str, str] = {}
        self.refused: dict[str, str] = {}  # name -> why
        self._task: asyncio.Task[None] | None = None

    @property
    def can_change(self) -> bool:
        """Whether adapters can come and go while the engine runs."""
        return self._place is not None

    def has(self, name: str) -> bool:
        """Whether the engine has that adapter, as far as it is known; while it does not run, its state says all."""
        return self._loaded is None or name in self._loaded

    def begin(self, place: Place | None, loaded: Mapping[str, str]) -> None:
        """An engine is ready, with adapters that it was started with."""
        self._place, self._loaded = place, dict(loaded)
        self.refused.clear()

    def end(self) -> None:
        """It runs no more."""
        self._place = self._loaded = None
        if self._task is not None:
            self._task.cancel()

    def want(self, wanted: Mapping[str, str]) -> None:
        """Load and forget until the adapters are these; one whose folder is another is loaded over the old one."""
        self._wanted = wanted
        self.refused.clear()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._adapt(), name="load adapters")

    async def _adapt(self) -> None:
        """One change at a time; what is refused is not tried again before somebody wants something else."""
        while self._place is not None and self._loaded is not None:
            wanted = {name: folder for name, folder in self._wanted.items() if name not in self.refused}
            for name in [name for name in self._loaded if name not in wanted]:
                del self._loaded[name]  # whatever comes of it: nobody is sent there any more
                try:
                    await _post(self._place, "adapters/unload", {"name": name})
                except AdapterError as error:
                    logger.warning("the adapter %s stays in its engine: %s", name, error)
                break
            else:
                todo = [(name, folder) for name, folder in wanted.items() if self._loaded.get(name) != folder]
                if not todo:
                    return
                name, folder = todo[0]
                try:
                    await _post(self._place, "adapters", {"name": name, "folder": folder})
                except AdapterError as error:
                    self.refused[name] = str(error)
                else:
                    self._loaded[name] = folder
                self._changed()


async def _post(place: Place, what: str, value: Mapping[str, str]) -> None:
    """POST in plain asyncio. Raises AdapterError with the engine's reason."""
    body = msgspec.json.encode(value)
    lines = [f"POST {place.base}/{what} HTTP/1.1", f"host: 127.0.0.1:{place.port}", "connection: close"]
    lines += ["content-type: application/json", f"content-length: {len(body)}"]
    lines += [f"{name}: {text}" for name, text in place.headers.items()]
    try:
        async with asyncio.timeout(LOAD_TIMEOUT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", place.port)
            try:
                writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)
                status = int((await reader.readline()).split()[1])
                answer = await reader.read()
            finally:
                writer.close()
    except (OSError, TimeoutError, ValueError, IndexError, asyncio.LimitOverrunError) as error:
        raise AdapterError(f"the engine did not answer ({error or type(error).__name__})") from error
    if status != 200:
        raise AdapterError(_reason(answer) or f"the engine answered {status}")


def _reason(answer: bytes) -> str:
    """The message of an error in OpenAI's body; "" where there is none."""
    try:
        return str(msgspec.json.decode(answer.partition(b"\r\n\r\n")[2])["error"]["message"])
    except (msgspec.DecodeError, LookupError, TypeError):
        return ""
