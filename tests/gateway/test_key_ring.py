"""Keys in memory: refreshed by version, and kept when their source fails."""

import asyncio
import logging

import pytest
from scripted_gateway import OTHER_SECRET, SECRET, key_for

from pleiade.domain import Principal, Role
from pleiade.gateway.keys import FixedKeys, KeyRing


async def test_a_secret_becomes_its_principal() -> None:
    ring = KeyRing(FixedKeys({SECRET: key_for(SECRET, id="key_1", project="p", role=Role.ADMIN)}))
    assert ring.find(SECRET.encode()) is None  # nothing is loaded yet: nobody is let in
    await ring.refresh()
    assert ring.find(SECRET.encode()) == Principal(key="key_1", project="p", role=Role.ADMIN)
    assert ring.find(OTHER_SECRET.encode()) is None


async def test_a_key_ends_at_its_time() -> None:
    source = FixedKeys({SECRET: key_for(SECRET, expires=2_000_000_000), OTHER_SECRET: key_for(OTHER_SECRET, expires=1)})
    ring = KeyRing(source)
    await ring.refresh()
    assert ring.find(SECRET.encode()) is not None
    assert ring.find(OTHER_SECRET.encode()) is None


async def test_keys_are_read_only_when_their_version_changed() -> None:
    class Counting(FixedKeys):
        loads = 0

        def load(self):  # type: ignore[no-untyped-def]
            self.loads += 1
            return super().load()

    source = Counting({SECRET: key_for(SECRET)})
    ring = KeyRing(source)
    for _ in range(3):
        await ring.refresh()
    assert source.loads == 1
    source.keys[OTHER_SECRET] = key_for(OTHER_SECRET)
    await ring.refresh()
    assert source.loads == 2
    assert ring.find(OTHER_SECRET.encode()) is not None


async def test_when_the_source_fails_known_keys_stay_and_the_log_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("pleiade.gateway.followed.REFRESH_S", 0.01)
    source = FixedKeys({SECRET: key_for(SECRET)})
    ring = KeyRing(source)
    await ring.start()

    failures: asyncio.Queue[None] = asyncio.Queue()
    loop = asyncio.get_running_loop()

    def fails() -> int:  # in a thread
        loop.call_soon_threadsafe(failures.put_nowait, None)
        raise OSError("disk gone")

    source.version = fails  # type: ignore[method-assign]
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            await failures.get()
    assert ring.find(SECRET.encode()) is not None
    assert caplog.text.count("keys cannot be refreshed") == 1
    await ring.stop()


async def test_a_source_that_fails_at_the_start_stops_the_start() -> None:
    source = FixedKeys({})
    source.load = lambda: 1 / 0  # type: ignore[method-assign,return-value]
    with pytest.raises(ZeroDivisionError):
        await KeyRing(source).start()
