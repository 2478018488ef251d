"""The endless stream of training pictures: a pure function of the seed and of how many were dealt."""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pleiade.lab.dalle.data.augment import augmented
from pleiade.lab.dalle.data.captions import caption, language_for
from pleiade.lab.dalle.data.drawings import Drawing, Drawings
from pleiade.lab.dalle.data.pixels import Floats
from pleiade.lab.dalle.data.scenes import draw_scene
from pleiade.lab.dalle.data.sprites import Sprites
from pleiade.lab.dalle.data.styles import SCENE, style_id
from pleiade.lab.dalle.data.words import MAX_TEXT, encode

EMOJI, COLOUR, MONO = "emoji", "colour", "mono"
EMOJI_SETS = frozenset(
    {
        "fluent-3d",
        "fluent-color",
        "fluent-flat",
        "fluent-hc",
        "noto",
        "blob",
        "fx",
        "twemoji",
        "serenity",
        "emojione",
        "emojione-mono",
    }
)
# Of the drawings that are not scenes: emoji have the most styles a concept, icons the most concepts.
MIX = {EMOJI: 0.4, COLOUR: 0.3, MONO: 0.3}
STYLE_DROPPED = 0.3  # share of pictures whose style is not told by its number: 0, any


@dataclass(frozen=True)
class PictureBatch:
    """Pictures (B, H, W, 4) float32 in [-1, 1] premultiplied, their captions, ids (B, max_text) and styles (B,)."""

    x_BHWC: Floats
    captions: list[str]
    ids_BT: NDArray[np.int64]
    style_B: NDArray[np.int64]


@dataclass(frozen=True)
class Drawn:
    """Pictures (B, H, W, 4) as premultiplied bytes, which is what they are served in, captions and styles (B,)."""

    pixels_BHWC: NDArray[np.uint8]
    captions: list[str]
    style_B: NDArray[np.int64]


def kind_of(drawing: Drawing) -> str:
    """Which part of the mix a drawing belongs to."""
    if drawing.set in EMOJI_SETS:
        return EMOJI
    return MONO if drawing.mono else COLOUR


class PictureStream:
    """Deals batches for ever. Picture k is the same whatever the batch sizes and however often it was resumed.

    `tokenizer` None leaves ids all padding. `scenes` is the share of procedural scenes, `mix` those of emoji,
    colour and one-colour drawings among the others.
    """

    def __init__(
        self,
        drawings: Drawings,
        tokenizer: Tokenizer | None,
        *,
        size: int,
        seed: int,
        split: str = "train",
        scenes: float = 0.3,
        mix: dict[str, float] | None = None,
        max_text: int = MAX_TEXT,
    ) -> None:
        self.drawings, self.tokenizer, self.size, self.seed, self.max_text = drawings, tokenizer, size, seed, max_text
        self.dealt, self.scenes, self._split, self._mix = 0, scenes, split, mix
        self._sprites = Sprites(drawings, split)
        indices = [int(i) for i in drawings.split(split)]
        if not indices:
            raise ValueError(f"no drawing is in split {split!r} of {drawings.folder}: there are train, h1, h2 and near")
        of_kind: dict[str, list[int]] = {}
        for i in indices:
            of_kind.setdefault(kind_of(drawings.rows[i]), []).append(i)
        shares = mix or MIX
        self._pools = [of_kind[kind] for kind in shares if kind in of_kind]
        self._shares = [shares[kind] for kind in shares if kind in of_kind]

    def next_batch(self, rows: int) -> PictureBatch:
        """The next `rows` pictures."""
        drawn = self.draw(self.dealt, rows)
        self.dealt += rows
        return self.batch(drawn)

    def draw(self, first: int, rows: int) -> Drawn:
        """Pictures `first` to `first` + `rows`, wherever the stream is."""
        pixels_BHWC = np.empty((rows, self.size, self.size, 4), np.uint8)
        captions, style_B = [], np.zeros(rows, np.int64)
        for row in range(rows):
            x, words, style_B[row] = self._picture(first + row)
            pixels_BHWC[row] = np.rint(x * 255)
            captions.append(words)
        return Drawn(pixels_BHWC, captions, style_B)

    def batch(self, drawn: Drawn) -> PictureBatch:
        """What was drawn as the model takes it."""
        x_BHWC = drawn.pixels_BHWC * np.float32(2 / 255) - np.float32(1)
        if self.tokenizer is None:
            ids_BT = np.zeros((len(drawn.captions), self.max_text), np.int64)
        else:
            ids_BT = encode(self.tokenizer, drawn.captions, self.max_text)
        return PictureBatch(x_BHWC, drawn.captions, ids_BT, drawn.style_B)

    def recipe(self) -> dict[str, Any]:
        """What `of_recipe` makes the same stream from in another process, without the words' ids."""
        settings = {"size": self.size, "seed": self.seed, "split": self._split, "scenes": self.scenes, "mix": self._mix}
        return {"folder": self.drawings.folder, "rows": self.drawings.rows, **settings}

    @classmethod
    def of_recipe(cls, recipe: dict[str, Any]) -> Self:
        """The stream that a recipe tells of, at its beginning."""
        settings = dict(recipe)
        drawings = replace(Drawings.open(settings.pop("folder")), rows=settings.pop("rows"))
        return cls(drawings, None, **settings)

    def state_dict(self) -> dict[str, Any]:
        """The place in the stream, and what it is a place in."""
        return {"dealt": self.dealt, "seed": self.seed, "drawings": self.drawings.fingerprint}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go to a place. Raises ValueError if it is one in other drawings or of another seed."""
        if (state["drawings"], state["seed"]) != (self.drawings.fingerprint, self.seed):
            raise ValueError(
                "the checkpoint was written over other pictures (another --data or seed): give it the same ones, "
                "or remove the run's folder to train it anew"
            )
        self.dealt = state["dealt"]

    def _picture(self, number: int) -> tuple[Floats, str, int]:
        rng = Random((self.seed << 48) + number)
        if rng.random() < self.scenes:
            scene = draw_scene(rng, self._sprites, self.size)
            return scene.x, scene.caption, self._style(SCENE, rng)
        index = rng.choice(rng.choices(self._pools, self._shares)[0])
        drawing = self.drawings.rows[index]
        x, look = augmented(drawing, self.drawings.pixels[index], rng, self.size)
        return x, caption(drawing, rng, language_for(drawing, rng), look), self._style(drawing.style, rng)

    def _style(self, style: str, rng: Random) -> int:
        return 0 if rng.random() < STYLE_DROPPED else style_id(style)
