"""What is truly in a scene, and the names under which combinations are held out of training (H3)."""

from __future__ import annotations

from dataclasses import dataclass

from pleiade.lab.dalle.data.phrases import OPPOSITE
from pleiade.lab.dalle.data.pixels import Floats, Rgba, to_rgba
from pleiade.lab.dalle.data.splits import is_held_out_scene


@dataclass(frozen=True)
class Thing:
    """One thing in a scene: what, in which colour if it has one, and where its centre is (x, y in [0, 1])."""

    noun: str
    colour: str | None
    centre: tuple[float, float] | None = None


@dataclass(frozen=True)
class Truth:
    """What is in a scene. `relation`: the first thing is to the "left", "right", "above" or "below" of the second."""

    kind: str
    things: tuple[Thing, ...]
    ground: str
    ground_colours: tuple[str, ...] = ()
    relation: str | None = None

    @property
    def count(self) -> int:
        """How many things there are."""
        return len(self.things)


@dataclass(frozen=True)
class Scene:
    """A scene: premultiplied pixels (S, S, 4) in [0, 1], its caption, and what is truly in it."""

    x: Floats
    caption: str
    truth: Truth

    @property
    def rgba(self) -> Rgba:
        """Straight uint8 RGBA."""
        return to_rgba(self.x * 2 - 1)


def combination(colour: str | None, noun: str, count: int = 1) -> str:
    """The name under which a count or colour of a thing is held out of training (H3)."""
    return f"{count} {colour or 'any'} {noun}"


def pairing(one: Thing, relation: str, other: Thing) -> str:
    """The name under which a relation is held out (H3); the same whichever of the two is told first."""
    if relation in ("right", "below"):
        one, relation, other = other, OPPOSITE[relation], one
    return f"{one.colour} {one.noun} {relation} {other.colour} {other.noun}"


def is_held_out(truth: Truth) -> bool:
    """Whether a scene shows a combination that is kept for evaluation (H3)."""
    if truth.kind == "position" and truth.relation:
        return is_held_out_scene(pairing(truth.things[0], truth.relation, truth.things[1]))
    if truth.kind in ("count", "colour"):
        return is_held_out_scene(combination(truth.things[0].colour, truth.things[0].noun, truth.count))
    return False
