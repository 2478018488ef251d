"""Golden files: the wire as a person last read it. REGENERATE_GOLDEN=1 writes them anew."""

import json
import os
import re
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "responses" / "golden"
IDENTIFIER = re.compile(r"\b(resp|msg|fc|fco|rs|cmp)_[0-9a-f]{48}\b")


def check_golden(name: str, value: Any) -> None:
    """Compare a value with golden/NAME.json, its random ids made stable."""
    path = FOLDER / f"{name}.json"
    stable = with_stable_ids(value)
    if os.environ.get("REGENERATE_GOLDEN"):
        path.write_text(json.dumps(stable, indent=1) + "\n")
    assert stable == json.loads(path.read_text())


def with_stable_ids(value: Any) -> Any:
    """The value with random ids replaced by msg_1, fc_1, … in order of appearance."""
    names: dict[str, str] = {}

    def rename(match: re.Match[str]) -> str:
        count = sum(1 for name in names if name.startswith(match[1] + "_"))
        return names.setdefault(match[0], f"{match[1]}_{count + 1}")

    return json.loads(IDENTIFIER.sub(rename, json.dumps(value)))
