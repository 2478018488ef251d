"""Pictures side by side in one PNG: the contact sheet, and the pairs that look most like copies."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from pleiade.lab.dalle.data.pixels import Rgba

CELL, GAP, LINE, LINES = 128, 10, 11, 3
PAPER, LIGHT, DARK, INK = (255, 255, 255), (250, 250, 250), (236, 236, 236), (40, 40, 40)


def write_sheet(path: Path, pictures: Rgba, captions: Sequence[str], across: int = 8) -> None:
    """Write pictures (N, S, S, 4), their captions below them, row by row; transparency shows as chequered ground."""
    font = ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf", 9)  # it has accents
    height = CELL + LINES * (LINE + 1) + GAP
    rows = -(-len(pictures) // across)
    sheet = Image.new("RGB", (GAP + across * (CELL + GAP), GAP + rows * height), PAPER)
    draw = ImageDraw.Draw(sheet)
    ground = _chequered()
    for place, (rgba, caption) in enumerate(zip(pictures, captions, strict=True)):
        x, y = GAP + place % across * (CELL + GAP), GAP + place // across * height
        shown = Image.fromarray(rgba, "RGBA").resize((CELL, CELL), Image.Resampling.NEAREST)
        sheet.paste(Image.alpha_composite(ground, shown).convert("RGB"), (x, y))
        for number, line in enumerate(textwrap.wrap(caption, 25)[:LINES]):
            draw.text((x, y + CELL + 2 + number * LINE), line, INK, font=font)
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.quantize(256).save(path, optimize=True)


def _chequered() -> Image.Image:
    squares = (np.add.outer(np.arange(CELL) // 8, np.arange(CELL) // 8) % 2)[..., None]
    rgb = np.where(squares, DARK, LIGHT).astype(np.uint8)
    return Image.fromarray(rgb).convert("RGBA")
