"""The thread that computes: real networks, real cancellation, real failures."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import numpy as np
import pytest
import pytest_asyncio

from pleiade.engines.image_openvino.drawing import Drawing
from pleiade.engines.image_openvino.folder import read_config
from pleiade.engines.image_openvino.networks import PLACES, Networks
from pleiade.engines.image_openvino.sampler import Floats, Task, Trajectory, noise_of
from pleiade.engines.image_openvino.scheduler import Scheduler


@pytest_asyncio.fixture
async def scheduler(few_networks: Networks) -> AsyncIterator[Scheduler]:
    made = Scheduler(few_networks, loop=asyncio.get_running_loop())
    yield made
    made.stop()


def drawing(networks: Networks, seed: int = 1, *, steps: int = 4, candidates: int = 1, **more: object) -> Drawing:
    ids = np.arange(16) * (seed % 5)
    fields = {
        "caption": networks.read_caption(ids),
        "against": networks.nothing,
        "steps": steps,
        "guidance": 3.0,
        "embedding_E": np.zeros(16, np.float32),
        "few_step": networks.config.few_step,
    }
    target_E = networks.embed_words(ids) if candidates > 1 else None
    return Drawing(Task(**(fields | more)), size=16, seed=(seed,), candidates=candidates, target_E=target_E)


@pytest.mark.parametrize("precision", ["f32", "bf16"])
async def test_company_changes_no_picture(precision: str, few_pix: Path, few_networks: Networks) -> None:
    networks = few_networks
    if precision != "f32":
        networks = Networks(few_pix, read_config(few_pix), precision=precision, max_batch=4, threads=1)
    scheduler = Scheduler(networks, loop=asyncio.get_running_loop())
    kinds = [{"steps": 3}, {"steps": 5, "candidates": 4}, {"steps": 4, "contrast": True}, {"steps": 2}, {"steps": 7}]
    alone = [await scheduler.draw(drawing(networks, seed, **kind)) for seed, kind in enumerate(kinds)]
    passes = scheduler.passes
    drawings = [drawing(networks, seed, **kind) for seed, kind in enumerate(kinds)]
    together = await asyncio.gather(*map(scheduler.draw, drawings))
    assert scheduler.passes - passes < passes  # they did share passes
    scheduler.stop()
    for one, other in zip(alone, together, strict=True):
        assert one.tobytes() == other.tobytes()


async def test_short_captions_take_few_places_and_draw_the_same(base_networks: Networks) -> None:
    networks, longest = base_networks, base_networks.config.max_text
    assert networks.places(1) == networks.places(PLACES) == min(PLACES, longest)
    assert networks.places(longest) == longest
    ids = np.zeros(longest, np.int64)
    ids[:3] = 5, 6, 7
    whole, nothing = networks.read_caption(ids), networks.nothing
    row = drawing(networks, contrast=True).alive[0].rows()[0]
    for caption in (whole, nothing):
        told = [networks.predict([msgspec.structs.replace(row, caption=caption.first(n))]) for n in (longest, 4)]
        assert np.allclose(*told, atol=1e-5)


async def test_pictures_of_captions_of_other_lengths_are_drawn_at_once(base_networks: Networks) -> None:
    networks = base_networks
    scheduler = Scheduler(networks, loop=asyncio.get_running_loop())
    texts = [networks.read_caption(np.arange(networks.config.max_text) * (n < 3)).first(n) for n in (4, 8, 4)]
    made = [drawing(networks, seed, caption=text, against=text) for seed, text in enumerate(texts)]
    together = await asyncio.gather(*map(scheduler.draw, made))
    alone = [await scheduler.draw(drawing(networks, n, caption=t, against=t)) for n, t in enumerate(texts)]
    scheduler.stop()
    assert all(np.array_equal(one, other) for one, other in zip(together, alone, strict=True))


async def test_the_best_of_several_candidates_is_kept(scheduler: Scheduler, few_networks: Networks) -> None:
    one = drawing(few_networks, 3, steps=1, candidates=4)
    ways = [Trajectory(one.task, noise_of((3, candidate), (16, 16, 4))) for candidate in range(4)]
    for way in ways:
        way.advance(few_networks.predict(way.rows()))
    assert one.target_E is not None
    near = [float(few_networks.embed_picture(way.clean_HWC) @ one.target_E) for way in ways]
    best = ways[int(np.argmax(near))]
    assert (await scheduler.draw(one)).tobytes() == best.clean_HWC.tobytes()


async def test_a_picture_whose_caller_left_is_not_computed_on(scheduler: Scheduler, few_networks: Networks) -> None:
    begun = asyncio.Event()
    endless = drawing(few_networks, 1, steps=100_000)
    endless.partial_steps, endless.on_partial = frozenset({1}), lambda step, x_HWC: begun.set()
    task = asyncio.ensure_future(scheduler.draw(endless))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await scheduler.draw(drawing(few_networks, 2))
    passes = scheduler.passes
    await asyncio.sleep(0.05)
    assert scheduler.passes == passes
    assert scheduler.waiting == 0


async def test_a_failed_pass_ends_its_pictures_and_no_others(scheduler: Scheduler, few_networks: Networks) -> None:
    good = drawing(few_networks, 2)
    expected = await scheduler.draw(drawing(few_networks, 2))
    broken = drawing(few_networks, 1, embedding_E=np.zeros(7, np.float32))  # of another model
    with pytest.raises(RuntimeError):
        await scheduler.draw(broken)
    assert np.array_equal(await scheduler.draw(good), expected)
    with pytest.raises(ZeroDivisionError):
        await scheduler.compute(lambda networks: 1 // 0)


async def test_partial_pictures_come_in_order_before_the_finished_one(
    scheduler: Scheduler, few_networks: Networks
) -> None:
    seen: list[tuple[int, Floats]] = []
    one = drawing(few_networks, 1, steps=6, candidates=4)
    one.partial_steps, one.on_partial = frozenset({1, 3, 5}), lambda step, x_HWC: seen.append((step, x_HWC))
    made = await scheduler.draw(one)
    assert [step for step, _ in seen] == [1, 3, 5]
    errors = [float(np.abs(x_HWC - made).mean()) for _, x_HWC in seen]
    assert errors[-1] <= errors[0]
