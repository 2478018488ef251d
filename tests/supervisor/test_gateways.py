"""Gateways: siblings on one socket, apart from the engines. Real processes, real signals."""

import asyncio
import os
import signal
import socket
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

import pytest

from pleiade.supervisor import SupervisorError

Start = Callable[..., Any]
House = Any  # tests/supervisor/conftest.py


def answer(url: str) -> int:
    """The pid of the gateway that answers."""
    with urllib.request.urlopen(url, timeout=10) as response:
        return int(response.read())


async def test_several_gateways_share_one_port(house: House, start: Start) -> None:
    await start(house, workers=2)
    seen: set[int] = set()
    await house.eventually(lambda: seen.add(answer(house.url)) or len(seen) == 2)


async def test_a_gateway_that_dies_is_back_and_takes_no_engine_with_it(house: House, start: Start) -> None:
    house.deploy("chat")
    await start(house)
    before = await house.until_ready("chat")
    pid = answer(house.url)
    os.kill(pid, signal.SIGKILL)
    assert (
        await asyncio.to_thread(answer, house.url) != pid
    )  # the socket stayed open: the request waited for the next gateway
    assert house.endpoint("chat") == before


async def test_a_gateway_that_cannot_be_started_now_is_started_later(house: House, start: Start) -> None:
    await start(house)
    pid = answer(house.url)
    logs = house.home.logs
    away = logs.rename(logs.with_name("away"))
    os.kill(pid, signal.SIGKILL)
    await house.eventually(lambda: not house.alive(pid))
    await asyncio.sleep(0.2)  # it tries at once, in vain
    away.rename(logs)
    assert await asyncio.to_thread(answer, house.url) != pid


async def test_a_gateway_whose_loop_stands_still_is_replaced(house: House, start: Start) -> None:
    await start(house, hung_after_s=1.0)
    pid = answer(house.url)
    os.kill(pid, signal.SIGSTOP)
    assert await asyncio.to_thread(answer, house.url) != pid  # waited in the socket for the next gateway
    await house.eventually(lambda: not house.alive(pid))


async def test_a_gateway_that_cannot_start_ends_the_start_with_its_last_words(
    house: House, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWAY_DIES", "1")
    with pytest.raises(SupervisorError, match=r"(?s)gateway 1 does not start.*this gateway cannot start"):
        await start(house)


async def test_draining_lets_running_answers_finish_and_takes_no_new_ones(house: House, start: Start) -> None:
    house.deploy("chat")
    supervisor = await start(house)
    running = asyncio.create_task(asyncio.to_thread(answer, house.url + "/slow"))
    await asyncio.sleep(0.3)  # the gateway has taken it
    await supervisor.stop()
    assert await running > 0
    with pytest.raises(urllib.error.URLError, match="refused"):
        answer(house.url)


async def test_a_second_signal_cuts_the_drain_short(house: House, start: Start) -> None:
    house.deploy("deaf", ignore_drain=True)
    supervisor = await start(house, drain_s=600.0)
    pid = house.ask("deaf")["pid"]
    stopping = asyncio.create_task(supervisor.stop())
    await asyncio.sleep(0.1)
    supervisor.kill()
    await stopping
    assert not house.alive(pid)


async def test_counts_of_a_former_start_are_not_counted_again(house: House, start: Start) -> None:
    left_behind = house.home.metrics / "gateway_1_2.db"
    left_behind.touch()
    await start(house)
    assert not left_behind.exists()


async def test_the_socket_speaks_to_ipv6_too(house: House) -> None:
    from pleiade.supervisor import bind, url_of

    if not socket.has_ipv6:
        pytest.skip("no IPv6 here")
    with bind("::1", 0) as listener:
        assert url_of(listener).startswith("http://[::1]:")
