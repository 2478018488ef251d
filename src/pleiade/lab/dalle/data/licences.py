"""Which licences may go into weights that are given on, and the lines that must go with them."""

from __future__ import annotations

import re
from pathlib import Path

# Neither share-alike nor non-commercial nor no-derivatives: weights trained on these may be given on, with their lines.
ALLOWED = frozenset(
    {"MIT", "Apache-2.0", "ISC", "BSD-2-Clause", "BSD-3-Clause", "CC0-1.0", "Unlicense", "CC-BY-4.0", "CC-BY-3.0"}
)

# Their collection names a licence but points to no licence file, so nobody can check it (the pack's LICENCES.md).
UNVERIFIED = frozenset(
    {"carbon", "flat-color-icons", "foundation", "hugeicons", "il", "marketeq", "raphael", "vaadin", "weui"}
)

NOTICE = "LICENCES.md"


def left_out(set_name: str, licence: str) -> str | None:
    """Why a drawing may not be trained on, or None if it may."""
    if set_name in UNVERIFIED:
        return "no licence file"
    return None if licence in ALLOWED else f"licence {licence or 'unknown'}"


def attribution_lines(notice: Path) -> dict[str, str]:
    """Each set's attribution line: the last column of the tables in the pack's LICENCES.md."""
    lines: dict[str, str] = {}
    last = ""
    for row in notice.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in row.strip().strip("|").split("|")]
        found = re.match(r"`([\w-]+)`", cells[0])
        if row.startswith("|") and found and len(cells) >= 5:
            last = last if cells[-1] == "same line" else cells[-1].strip("*")
            lines[found[1]] = last
    return lines


def attribution(sets: dict[str, dict[str, object]]) -> str:
    """ATTRIBUTION.md of what was trained on: a line for each set, sets that share a line named together."""
    by_line: dict[str, list[str]] = {}
    for name, facts in sorted(sets.items()):
        by_line.setdefault(str(facts["attribution"]), []).append(name)
    head = (
        "# Attribution\n\nTrained on drawings of the sets below, changed (rendered, recoloured, placed in scenes). "
        f"Give this file, and the licence texts in {NOTICE} where it stands beside it, on with the weights.\n\n"
    )
    return head + "".join(f"- {line} ({', '.join(names)})\n" for line, names in sorted(by_line.items()))
