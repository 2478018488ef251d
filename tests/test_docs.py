"""Documentation that cannot rot: what the code knows, the docs must tell."""

import re
from pathlib import Path

import msgspec

from pleiade.settings import Settings

ROOT = Path(__file__).parents[1]


def test_every_setting_is_documented_and_nothing_else_is() -> None:
    documented = set(re.findall(r"^\| `PLEIADE_([A-Z_]+)` \|", (ROOT / "docs/operate.md").read_text(), re.M))
    assert documented == {field.name.upper() for field in msgspec.structs.fields(Settings)}


def test_every_local_link_in_the_docs_leads_somewhere() -> None:
    pages = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
    broken = []
    for page in pages:
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text()):
            if not re.match(r"[a-z]+:", target) and not (page.parent / target).exists():
                broken.append(f"{page.relative_to(ROOT)} -> {target}")
    assert broken == []
