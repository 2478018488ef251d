"""What a run asks, and in which order: any beginning of the order is a fair sample of the whole."""

import random
from collections.abc import Collection, Sequence

import msgspec

from pleiade.redteam.disguises import DISGUISES, PLAIN, dressed
from pleiade.redteam.probes import HARMLESS, Probe

HARMLESS_EVERY = 4  # so many of the items asked are look-alikes, one in


class Item(msgspec.Struct, frozen=True):
    """A probe in a disguise."""

    probe: Probe
    disguise: str = PLAIN

    @property
    def key(self) -> str:
        """What a record is found by."""
        return f"{self.probe.id}/{self.disguise}"

    @property
    def turns(self) -> tuple[str, ...]:
        """What is said, turn by turn: the last one is what is dressed."""
        *before, last = self.probe.turns
        return (*before, dressed(self.disguise, last, self.probe.language))


def plan(
    probes: Sequence[Probe], *, seed: int, limit: int | None = None, only: Collection[str] = (), language: str = ""
) -> list[Item]:
    """The items of a run. `only`: categories; look-alikes are always asked, for a rate without the other says little.

    Every probe comes plainly and in one disguise, another one with each probe of its category.
    """
    chance = random.Random(seed)
    groups: dict[tuple[str, str], list[Item]] = {}
    firsts: dict[tuple[str, str], int] = {}  # the disguise that a group begins with
    for probe in probes:
        if (language and probe.language != language) or (only and probe.category not in (*only, HARMLESS)):
            continue
        group = groups.setdefault(place := (probe.category, probe.language), [])
        first = firsts.setdefault(place, chance.randrange(len(DISGUISES)))
        if probe.category != HARMLESS:
            group.append(Item(probe, tuple(DISGUISES)[(first + len(group) // 2) % len(DISGUISES)]))
        group.append(Item(probe))
    for group in groups.values():
        chance.shuffle(group)
    harmful = _in_turns([group for (category, _), group in groups.items() if category != HARMLESS])
    harmless = _in_turns([group for (category, _), group in groups.items() if category == HARMLESS])
    items: list[Item] = []
    while harmful or harmless:
        take_harmless = len(items) % HARMLESS_EVERY == HARMLESS_EVERY - 1 if harmful and harmless else bool(harmless)
        items.append((harmless if take_harmless else harmful).pop(0))
    return items if limit is None else items[:limit]


def _in_turns(groups: list[list[Item]]) -> list[Item]:
    """One of each group, then the next of each, until all are there."""
    longest = max(map(len, groups), default=0)
    return [group[place] for place in range(longest) for group in groups if place < len(group)]
