"""The ways to arrange a scene: in number, beside each other, in a landscape, in a corner, as a pattern, up close."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np

from pleiade.lab.dalle.data import english, french
from pleiade.lab.dalle.data.captions import EN, FR, FRENCH_SHARE
from pleiade.lab.dalle.data.colours import Colour
from pleiade.lab.dalle.data.landscapes import Ground, any_ground
from pleiade.lab.dalle.data.phrases import (
    OPPOSITE,
    PLACES_EN,
    PLACES_FR,
    relation_en,
    relation_fr,
    style_words,
    things_en,
    things_fr,
)
from pleiade.lab.dalle.data.pixels import Floats
from pleiade.lab.dalle.data.sprites import Sprite, Sprites, paste, pick_colour, sized
from pleiade.lab.dalle.data.truth import Scene, Thing, Truth

MOST = 5
# Rows and columns of cells that so many things are laid out in.
GRIDS = {1: ((1, 1),), 2: ((1, 2), (2, 1), (2, 2)), 3: ((1, 3), (2, 2), (3, 1)), 4: ((2, 2),), 5: ((2, 3), (3, 2))}


def _canvas(ground: Ground, size: int) -> Floats:
    canvas = np.zeros((size, size, 4), np.float32)
    if ground.rgb is not None:
        canvas[..., :3] = ground.rgb
        canvas[..., 3] = 1
    return canvas


def _put(canvas: Floats, sprite: Sprite, x: float, y: float, length: int, ground: Ground, rng: Random) -> Thing:
    """Place a sprite with its centre near (x, y) in pixels; returns where it is."""
    pixels, size = sized(sprite.x, length), len(canvas)
    height, width = pixels.shape[:2]
    top, left = round(y - height / 2), round(x - width / 2)
    if ground.horizon and rng.random() < 0.5:
        _shadow(canvas, left + width / 2, top + height, width / 2)
    paste(canvas, pixels, top, left)
    centre = ((left + width / 2) / size, (top + height / 2) / size)
    return Thing(sprite.noun.en, sprite.colour.en if sprite.colour else None, centre)


def _shadow(canvas: Floats, x: float, y: float, radius: float) -> None:
    size = len(canvas)
    down, right = np.meshgrid(np.arange(size) + 0.5 - y, np.arange(size) + 0.5 - x, indexing="ij")
    dark = np.clip(1 - (right / max(radius, 1)) ** 2 - (down / max(radius * 0.25, 1)) ** 2, 0, 1) * 0.35
    canvas[..., :3] *= (1 - dark[..., None]).astype(np.float32)


def _language(rng: Random, *sprites: Sprite) -> str:
    return FR if all(sprite.noun.fr for sprite in sprites) and rng.random() < FRENCH_SHARE else EN


def _any_sprite(rng: Random, sprites: Sprites, taken: tuple[Colour, ...] = (), style: str | None = None) -> Sprite:
    chance = rng.random()
    if style is not None or chance < 0.3:
        return sprites.coloured(rng, style)
    colour = pick_colour(rng, taken)
    return sprites.shape(rng, colour) if chance < 0.75 else sprites.in_colour(rng, colour)


def _ground_for(rng: Random, size: int, *sprites: Sprite, plain: float = 0.75) -> Ground:
    return any_ground(size, rng, tuple(sprite.colour for sprite in sprites if sprite.colour), plain)


def _told(rng: Random, ground: Ground, things: str, language: str, style: str | None = None) -> str:
    told = ground.fr if language == FR else ground.en
    said = style_words(style, language) if rng.random() < 0.4 else ""
    join = " " if told.startswith(("on ", "sur ", "in ", "under ", "at ", "dans ", "sous ", "au ")) else ", "
    return f"{things}{join}{told}{said}" if rng.random() < 0.85 else f"{things}{said}"


def _count(rng: Random, sprites: Sprites, size: int) -> Scene:
    count = rng.randint(1, MOST)
    sprite = _any_sprite(rng, sprites)
    ground = _ground_for(rng, size, sprite)
    canvas = _canvas(ground, size)
    rows, columns = rng.choice(GRIDS[count])
    cells = rng.sample([(r, c) for r in range(rows) for c in range(columns)], count)
    cell = size / max(rows, columns)
    length = int(cell * rng.uniform(0.6, 0.86))
    spare_y, spare_x = size / rows - length, size / columns - length
    things = []
    for r, c in cells:
        y = (r + 0.5) * size / rows + rng.uniform(-0.4, 0.4) * min(spare_y, cell)
        x = (c + 0.5) * size / columns + rng.uniform(-0.4, 0.4) * min(spare_x, cell)
        things.append(_put(canvas, sprite, x, y, length, ground, rng))
    language = _language(rng, sprite)
    words = (things_fr if language == FR else things_en)(sprite.noun, sprite.colour, count, rng)
    truth = Truth("count", tuple(things), ground.kind, ground.colours)
    return Scene(canvas, _told(rng, ground, words, language, sprite.style), truth)


def _position(rng: Random, sprites: Sprites, size: int) -> Scene:
    one = _any_sprite(rng, sprites)
    other = _any_sprite(rng, sprites, (one.colour,) if one.colour else (), one.style if rng.random() < 0.8 else None)
    ground = _ground_for(rng, size, one, other, plain=0.85)
    canvas = _canvas(ground, size)
    relation = rng.choice(tuple(OPPOSITE))
    length = int(size * rng.uniform(0.32, 0.46))
    near, far = rng.uniform(0.22, 0.28), rng.uniform(0.72, 0.78)
    drift = [0.5 + rng.uniform(-0.1, 0.1) for _ in range(2)]
    first, second = (near, far) if relation in ("left", "above") else (far, near)
    beside = relation in ("left", "right")
    places = [(first, drift[0]), (second, drift[1])] if beside else [(drift[0], first), (drift[1], second)]
    things = tuple(
        _put(canvas, sprite, x * size, y * size, length, ground, rng)
        for sprite, (x, y) in zip((one, other), places, strict=True)
    )
    language = _language(rng, one, other)
    if language == FR:
        words = relation_fr(things_fr(one.noun, one.colour, 1), relation, things_fr(other.noun, other.colour, 1), rng)
    else:
        words = relation_en(things_en(one.noun, one.colour, 1), relation, things_en(other.noun, other.colour, 1), rng)
    truth = Truth("position", things, ground.kind, ground.colours, relation)
    return Scene(canvas, _told(rng, ground, words, language, one.style if one.style == other.style else None), truth)


def _several(rng: Random, sprites: Sprites, size: int) -> Scene:
    """Two to four different things, most often in a landscape, standing on its ground."""
    count, style = rng.randint(2, 4), None
    chosen: list[Sprite] = []
    for _ in range(count):
        taken = tuple(sprite.colour for sprite in chosen if sprite.colour)
        chosen.append(_any_sprite(rng, sprites, taken, style) if rng.random() < 0.3 else sprites.coloured(rng, style))
        style = style or (chosen[0].style if rng.random() < 0.8 else None)
    ground = _ground_for(rng, size, *chosen, plain=0.3)
    canvas = _canvas(ground, size)
    width = size / count
    length = int(min(width * 1.05, size * 0.42))
    foot = max(ground.horizon + 0.12, 0.55) if ground.horizon else 0.5
    things = []
    for i, sprite in enumerate(chosen):
        y = (
            size * min(foot + rng.uniform(0, 0.22), 0.92) - length / 2
            if ground.horizon
            else size * rng.uniform(0.35, 0.65)
        )
        things.append(_put(canvas, sprite, (i + 0.5) * width, y, length, ground, rng))
    language = _language(rng, *chosen)
    if language == FR:
        words = french.listed([things_fr(sprite.noun, sprite.colour, 1) for sprite in chosen])
    else:
        words = english.listed([things_en(sprite.noun, sprite.colour, 1) for sprite in chosen])
    styles = {sprite.style for sprite in chosen}
    truth = Truth("several", tuple(things), ground.kind, ground.colours)
    return Scene(canvas, _told(rng, ground, words, language, styles.pop() if len(styles) == 1 else None), truth)


def _place(rng: Random, sprites: Sprites, size: int) -> Scene:
    """One small thing somewhere, and where."""
    sprite = _any_sprite(rng, sprites)
    ground = _ground_for(rng, size, sprite)
    canvas = _canvas(ground, size)
    cell = rng.randrange(9)
    length = int(size * rng.uniform(0.25, 0.4))
    x, y = ((0.22 + 0.28 * k + rng.uniform(-0.03, 0.03)) * size for k in (cell % 3, cell // 3))
    thing = _put(canvas, sprite, x, y, length, ground, rng)
    language = _language(rng, sprite)
    words = (things_fr if language == FR else things_en)(sprite.noun, sprite.colour, 1)
    where = (PLACES_FR if language == FR else PLACES_EN)[cell]
    truth = Truth("place", (thing,), ground.kind, ground.colours)
    return Scene(canvas, _told(rng, ground, f"{words} {where}", language, sprite.style), truth)


def _pattern(rng: Random, sprites: Sprites, size: int) -> Scene:
    """A thing repeated up to the edges, each second row moved by half a step or not."""
    sprite = _any_sprite(rng, sprites)
    ground = _ground_for(rng, size, sprite, plain=1.0)
    canvas = _canvas(ground, size)
    step = size / rng.choice((2, 3, 4))
    pixels, half = sized(sprite.x, int(step * rng.uniform(0.55, 0.85))), rng.random() < 0.5
    height, width = pixels.shape[:2]
    begin = rng.uniform(-0.5, 0.5)
    rows = range(-1, int(size / step) + 2)
    for row in rows:
        for column in rows:
            x = (column + 0.5 + begin + (0.5 if half and row % 2 else 0)) * step
            paste(canvas, pixels, round((row + 0.5 + begin) * step - height / 2), round(x - width / 2))
    language = _language(rng, sprite)
    if language == FR:
        words = f"motif répété {french.of(things_fr(sprite.noun, sprite.colour, 2).partition(' ')[2])}"
    else:
        named = f"{sprite.colour.en} {sprite.noun.en}" if sprite.colour else sprite.noun.en
        words = rng.choice(("a pattern of {}", "a repeating pattern of {}", "{}, seamless pattern"))
        words = words.format(english.plural(named))
    return Scene(canvas, _told(rng, ground, words, language, sprite.style), Truth("pattern", (), ground.kind))


def _ground(rng: Random, sprites: Sprites, size: int) -> Scene:
    """Nothing but the ground."""
    ground = any_ground(size, rng, plain=0.2)
    caption = ground.alone_fr if rng.random() < FRENCH_SHARE else ground.alone_en
    return Scene(_canvas(ground, size), caption, Truth("ground", (), ground.kind, ground.colours))


def _close(rng: Random, sprites: Sprites, size: int) -> Scene:
    """A thing so near that the edges cut it."""
    sprite = sprites.coloured(rng) if rng.random() < 0.7 else _any_sprite(rng, sprites)
    ground = _ground_for(rng, size, sprite, plain=0.9)
    canvas = _canvas(ground, size)
    length = int(size * rng.uniform(1.25, 1.8))
    x, y = (size * rng.uniform(0.3, 0.7) for _ in range(2))
    thing = _put(canvas, sprite, x, y, length, ground, rng)
    language = _language(rng, sprite)
    if language == FR:
        words = f"gros plan {french.of(things_fr(sprite.noun, sprite.colour, 1))}"
    else:
        words = f"{rng.choice(('a close-up of', 'close-up of', 'zoomed in on'))} "
        words += things_en(sprite.noun, sprite.colour, 1)
    return Scene(canvas, _told(rng, ground, words, language, sprite.style), Truth("close", (thing,), ground.kind))


# Each with its share of the scenes.
ARRANGEMENTS: tuple[tuple[Callable[[Random, Sprites, int], Scene], float], ...] = (
    (_count, 0.28),
    (_position, 0.22),
    (_several, 0.14),
    (_place, 0.12),
    (_pattern, 0.08),
    (_ground, 0.08),
    (_close, 0.08),
)
