"""The suite of edits: scenes never shown, with a part taken away that the model fills in again."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import numpy as np
from numpy.typing import NDArray

from pleiade.lab.dalle.data.pixels import Rgba, to_float, to_rgba
from pleiade.lab.dalle.data.scenes import draw_scene
from pleiade.lab.dalle.data.sprites import Sprites
from pleiade.lab.dalle.data.truth import Scene
from pleiade.lab.dalle.evals.alignment import distances
from pleiade.lab.dalle.evals.edits import is_untouched, seam_score
from pleiade.lab.dalle.evals.painted import AT_ONCE, kept_array
from pleiade.lab.dalle.evals.results import Line, PictureSuite
from pleiade.lab.dalle.evals.setting import Setting
from pleiade.lab.dalle.evals.statistics import mean
from pleiade.lab.dalle.sample import sample
from pleiade.lab.evals.examine import Progress

SEED = 2_000_000_000  # far from any scene that training draws
PROTOCOL = (
    "Scenes of held-out drawings. Inpainting: a square in the middle of half the width is made anew; outpainting: all "
    "but the left half. Seam: the step across the border over steps close to it, 1 where none shows; `real` is the "
    "scene itself, `other scene` pastes another one in. Distance: root mean square of premultiplied differences to "
    "what was there, 0 to 1, and cosine in the measuring encoder's features."
)
MASKS = {"inpainting": (0.25, 0.75, 0.25, 0.75), "outpainting": (0.0, 1.0, 0.5, 1.0)}  # rows, columns made anew


def fill(setting: Setting) -> PictureSuite:
    """Identity outside the mask, seams, and distance to what was there."""
    scenes = held_out_scenes(setting, max(2, setting.limit // 4))
    real = np.stack([scene.rgba for scene in scenes])
    other = np.roll(real, 1, axis=0)
    lines = []
    for name, part in MASKS.items():
        unknown = region(setting.drawings.size, part)
        made = kept_array(setting.out / "painted" / name, len(scenes), _filler(setting, name, scenes, real, unknown))
        pasted = np.where(unknown[..., None], other, real)
        pictures = {"model": made, "real": real, "other scene": pasted}
        untouched = mean([is_untouched(before, after, unknown) for before, after in zip(real, made, strict=True)])
        seams = {key: mean([seam_score(rgba, unknown) for rgba in value]) for key, value in pictures.items()}
        truth = setting.look(real)
        away = {k: mean(distances(setting.look(v), truth)) for k, v in pictures.items() if k != "real"}
        apart = {k: mean(_apart(v, real, unknown)) for k, v in pictures.items() if k != "real"}
        lines += [
            Line(f"{name}: pictures untouched outside", "share", "higher", {"model": untouched}),
            Line(f"{name}: seam", "number", "lower", seams),
            Line(f"{name}: distance in pixels", "number", "lower", apart),
            Line(f"{name}: distance in features", "number", "lower", away),
        ]
    return PictureSuite("Edits", PROTOCOL, lines)


def held_out_scenes(setting: Setting, num: int) -> list[Scene]:
    """Scenes of drawings from held-out cells."""
    sprites = Sprites(setting.drawings, "h2")
    return [draw_scene(Random(SEED + number), sprites, setting.drawings.size) for number in range(num)]


def region(size: int, part: tuple[float, float, float, float]) -> NDArray[np.bool_]:
    """A rectangle (rows from, to, columns from, to, in parts of the picture) as a mask (S, S)."""
    top, bottom, left, right = (round(each * size) for each in part)
    unknown = np.zeros((size, size), bool)
    unknown[top:bottom, left:right] = True
    return unknown


def _filler(
    setting: Setting, name: str, scenes: list[Scene], real: Rgba, unknown: NDArray[np.bool_]
) -> Callable[[int], Rgba]:
    progress, model = Progress(name, 0, len(scenes)), setting.model

    def make(first: int) -> Rgba:
        known = real[first : first + AT_ONCE]
        captions = [scene.caption for scene in scenes[first : first + AT_ONCE]]
        masks = np.broadcast_to(unknown, (len(known), *unknown.shape)).copy()
        floats = to_float(known)
        x = sample(
            model.pix, captions, steps=model.steps, guidance=model.guidance, seed=first, known=floats, mask=masks
        )
        progress.show(len(known))
        # As the engine does: what is known is the user's own pixels, not the model's floats turned back.
        return np.where(unknown[..., None], to_rgba(x), known)

    return make


def _apart(made: Rgba, real: Rgba, unknown: NDArray[np.bool_]) -> NDArray[np.float64]:
    squared = ((to_float(made) - to_float(real)) / 2)[:, unknown] ** 2
    apart: NDArray[np.float64] = np.sqrt(squared.mean(axis=(1, 2))).astype(np.float64)
    return apart
