"""A tiny pack of drawings, made by the test: SVG emoji and icons of a few concepts, sets and licences."""

from __future__ import annotations

import json
import lzma
from pathlib import Path
from typing import Any

HEAD = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
CIRCLE = HEAD + '<circle cx="12" cy="12" r="9" fill="{0}"/></svg>'
BAR = HEAD + '<path fill="{0}" d="M3 9h18v6h-18z"/></svg>'
TWO = HEAD + '<path fill="{0}" d="M3 3h6v6h-6zM15 15h6v6h-6z"/></svg>'
NAMES = (
    ("ball", "balle", "Activities/sport"),
    ("loaf of bread", "pain", "Food & Drink/food"),
    ("two boxes", "deux boîtes", "Objects/office"),
    ("kite", "cerf-volant", "Activities/game"),
    ("flag: Nowhere", "drapeau : Nulle part", "Flags/country-flag"),
)
NOTICE = """# Licences

| set | drawings | licence | source repository | snapshot commit | attribution line |
|---|---|---|---|---|---|
| `noto` Noto Emoji | 5 | Apache-2.0 | a/b | `c` | Noto Emoji © Google Inc., Apache License 2.0. |
| `tabler` Tabler | 5 | MIT | a/b | Tabler Icons by Paweł Kuna, MIT. |
| `cil` CoreUI | 5 | CC-BY-4.0 | a/b | **CoreUI Free, CC BY 4.0; changed.** |
"""


def rows() -> list[dict[str, Any]]:
    """Five concepts in three sets that may be trained on, and one each of two that may not."""
    made: list[dict[str, Any]] = []
    for set_name, style, licence, paint in (
        ("noto", "noto", "Apache-2.0", "#de2024"),
        ("tabler", "solid", "MIT", "currentColor"),
        ("cil", "outline", "CC-BY-4.0", "currentColor"),
    ):
        for (name, name_fr, group), svg in zip(NAMES, (CIRCLE, BAR, TWO, CIRCLE, BAR), strict=True):
            made.append(row(f"{set_name}/{name}", set_name, style, licence, svg.format(paint), name, name_fr, group))
    made.append(row("carbon/x", "carbon", "solid", "Apache-2.0", CIRCLE.format("currentColor"), "x"))
    made.append(row("share/x", "share", "solid", "CC-BY-SA-4.0", CIRCLE.format("currentColor"), "x"))
    return made


def row(
    name_id: str, set_name: str, style: str, licence: str, svg: str, name: str, name_fr: str = "", group: str = ""
) -> dict[str, Any]:
    """One line of a pack."""
    return {
        "id": name_id, "concept": name.replace(": ", "-").replace(" ", "-"), "set": set_name, "style": style,
        "name": name, "keywords_en": [f"{name} thing", "toy"], "name_fr": name_fr, "keywords_fr": ["jouet"],
        "group": group, "licence": licence, "svg": svg,
    }  # fmt: skip


def write_pack(folder: Path, drawings: list[dict[str, Any]] | None = None) -> Path:
    """Write the pack with its notice and splits ("kite" is held out, so is the solid loaf); returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with lzma.open(folder / "drawings.jsonl.xz", "wt", encoding="utf-8") as file:
        for drawing in drawings or rows():
            file.write(json.dumps(drawing) + "\n")
    (folder / "LICENCES.md").write_text(NOTICE, encoding="utf-8")
    splits = {"h1": ["kite"], "h2": {"solid": ["loaf-of-bread"]}, "near": ["cil/two boxes"]}
    (folder / "splits.json").write_text(json.dumps(splits), encoding="utf-8")
    return folder
