"""Pictures in the making share a room: nobody gets more than there is, all get theirs, in their order."""

import asyncio

from pleiade.engines.image_openvino.room import Room


async def test_no_more_are_in_the_room_than_it_holds_and_all_come_in_in_their_order() -> None:
    room, inside, most, order = Room(10), 0, 0, []

    async def make(number: int, megapixels: int) -> None:
        nonlocal inside, most
        async with room.of(megapixels * 1_000_000):
            order.append(number)
            inside += min(megapixels, 10)
            most = max(most, inside)
            await asyncio.sleep(0)
            inside -= min(megapixels, 10)

    sizes = [3, 3, 3, 25, 1, 10, 2, 7, 1, 4]
    await asyncio.wait_for(asyncio.gather(*(make(number, size) for number, size in enumerate(sizes))), 10)
    assert order == list(range(10))
    assert most <= 10


async def test_who_leaves_while_waiting_takes_nothing_along() -> None:
    room, go = Room(4), asyncio.Event()

    async def hold(megapixels: int) -> None:
        async with room.of(megapixels * 1_000_000):
            await go.wait()

    holding = asyncio.create_task(hold(3))
    waiting = asyncio.create_task(hold(4))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    holding.cancel()
    await asyncio.gather(holding, return_exceptions=True)
    async with asyncio.timeout(10), room.of(4_000_000):
        pass
