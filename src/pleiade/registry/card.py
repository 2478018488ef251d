"""The licence of a model, from its card (README front matter) or its licence file."""

import re
from pathlib import Path

# What the hub's cards write in small letters, as SPDX writes it.
SPDX = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-2-clause": "BSD-2-Clause",
    "cc0-1.0": "CC0-1.0",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "gpl-3.0": "GPL-3.0-only",
    "agpl-3.0": "AGPL-3.0-only",
    "mpl-2.0": "MPL-2.0",
    "openrail": "OpenRAIL",
}
# First words of licence files.
TITLES = {
    "Apache License": "Apache-2.0",
    "MIT License": "MIT",
    "BSD 3-Clause": "BSD-3-Clause",
    "BSD 2-Clause": "BSD-2-Clause",
    "Mozilla Public License": "MPL-2.0",
    "GNU GENERAL PUBLIC LICENSE": "GPL-3.0-only",
    "GNU AFFERO GENERAL PUBLIC LICENSE": "AGPL-3.0-only",
    "Creative Commons Zero": "CC0-1.0",
    "CC0 1.0 Universal": "CC0-1.0",
    "Attribution 4.0 International": "CC-BY-4.0",
    "LLAMA": "Llama community licence",
}


def read_licence(folder: Path) -> str:
    """The model's licence: an SPDX identifier where it has one, else its own name; "" = not said."""
    return _from_card(folder / "README.md") or _from_files(folder)


def spdx(name: str) -> str:
    """A licence's name in SPDX spelling where we know it, else unchanged."""
    return SPDX.get(name.strip().lower(), name.strip())


def _from_card(path: Path) -> str:
    if not path.is_file():
        return ""
    front = re.match(r"\ufeff?---\s*\n(.*?)\n---", path.read_text("utf-8", errors="replace"), re.DOTALL)
    if front is None:
        return ""
    fields = {
        key: value.strip().strip("'\"")
        for key, value in re.findall(r"^(license|license_name)\s*:[ \t]*(.*)$", front[1], re.MULTILINE)
    }
    licence = fields.get("license", "")
    if licence.lower() == "other":
        licence = fields.get("license_name", "other")
    return spdx(licence)


def _from_files(folder: Path) -> str:
    for name in ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING"):
        path = folder / name
        if path.is_file():
            beginning = path.read_text("utf-8", errors="replace")[:400]
            for title, licence in TITLES.items():
                if title in beginning:
                    return licence
            first = next((line.strip(" #") for line in beginning.splitlines() if line.strip()), "")
            return first[:100]
    return ""


def read_card(path: str) -> str:
    """The model card of a folder (its README without the front matter); "" where there is none."""
    readme = Path(path) / "README.md"
    if not path or not readme.is_file():
        return ""
    text = readme.read_text("utf-8", errors="replace")
    return re.sub(r"\A\ufeff?---\s*\n.*?\n---\s*\n", "", text, flags=re.DOTALL).strip()
