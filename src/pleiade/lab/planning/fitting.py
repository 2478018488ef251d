"""What to change so that a step fits a device: the assignments to type, the mildest first."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.planning.layout import Layout
from pleiade.lab.planning.memory import divisors, memory_of_step


def what_fits(
    model: GptConfig,
    seq_len: int,
    micro_rows: int,
    rows: int,
    layout: Layout,
    room: float,
    kept: float = 0.0,
    *,
    tried: bool = False,
) -> str | None:
    """The first of the possible changes whose step takes at most `room` bytes beyond the `kept` ones that are there.

    Fewer rows at a time change nothing but speed; recomputing costs a third more; dividing matrices needs ranks that
    talk quickly. None where nothing helps on as many ranks. What is there already is no answer once it was `tried`.
    """
    for assignments, fewer_rows, changed in _changes(model, micro_rows, rows, layout):
        if tried and not assignments:
            continue
        if memory_of_step(model, seq_len, fewer_rows, changed).total - kept <= room:
            return " ".join(assignments)
    return None


def _changes(model: GptConfig, micro_rows: int, rows: int, layout: Layout) -> Iterator[tuple[list[str], int, Layout]]:
    for recompute in sorted({layout.recompute, True}):
        for tensor, divided in _more_divided(model, layout):
            said = [f"parallel.tensor={tensor}"] if tensor != layout.tensor else []
            said += ["parallel.recompute=true"] if recompute != layout.recompute else []
            changed = dataclasses.replace(divided, recompute=recompute)
            for fewer in divisors(rows):
                if fewer <= micro_rows and rows // fewer % changed.data == 0:
                    yield [f"micro_rows={fewer}", *said] if fewer != micro_rows else said, fewer, changed


def _more_divided(model: GptConfig, layout: Layout) -> Iterator[tuple[int, Layout]]:
    """The layout, and those that divide matrices among more neighbours (up to 8, as many as share a fast link)."""
    copies = layout.data * layout.tensor
    for tensor in (1, 2, 4, 8):
        divides = not any(n % tensor for n in (model.num_heads, model.num_kv_heads, model.ffn_size, model.vocab_size))
        if tensor >= layout.tensor and copies % tensor == 0 and divides:
            yield tensor, dataclasses.replace(layout, tensor=tensor, data=copies // tensor)
