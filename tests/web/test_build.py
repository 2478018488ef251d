"""The build: small enough for a first paint, whole, and free of anything from elsewhere."""

import gzip
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
DIST = ROOT / "src" / "pleiade" / "web" / "dist"
FIRST_ROUTE_KB = 200  # of JavaScript, gzipped: docs/decisions/2026-11-22-web-app.md
WHOLE_MB = 12


@pytest.fixture(autouse=True)
def built() -> None:
    """`make test` builds first; without a package registry it cannot, and says so. Never skipped in CI."""
    if not (DIST / "index.html").is_file():
        if os.environ.get("CI"):
            pytest.fail("the web app is not built: make web")
        pytest.skip("the web app is not built: make web")


def manifest() -> dict[str, Any]:
    """Which files each part of the app needs."""
    found: dict[str, Any] = json.loads((DIST / ".vite" / "manifest.json").read_text())
    return found


def needed(*parts: str) -> set[str]:
    """The files of these parts, and of all that they import at once."""
    chunks, files, waiting = manifest(), set(), list(parts)
    while waiting:
        chunk = chunks[waiting.pop()]
        if chunk["file"] not in files:
            files.add(chunk["file"])
            waiting += chunk.get("imports", [])
    return files


def test_the_first_route_is_within_its_budget() -> None:
    files = needed("index.html", "src/chat/ChatSpace.tsx", "src/i18n/fr.json")
    size = sum(len(gzip.compress((DIST / name).read_bytes())) for name in files if name.endswith(".js"))
    assert size <= FIRST_ROUTE_KB * 1000, f"{size} bytes: {sorted(files)}"


def test_the_whole_is_within_its_budget() -> None:
    size = sum(path.stat().st_size for path in DIST.rglob("*") if path.suffix not in (".br", ".gz") and path.is_file())
    assert size <= WHOLE_MB * 1_000_000


def test_every_text_file_is_compressed_beforehand() -> None:
    for path in DIST.rglob("*"):
        if path.suffix in (".js", ".css", ".html", ".svg") and path.stat().st_size >= 1024:
            assert gzip.decompress(Path(f"{path}.gz").read_bytes()) == path.read_bytes()
            assert 0 < Path(f"{path}.br").stat().st_size < path.stat().st_size


def test_nothing_is_loaded_from_elsewhere_or_inline() -> None:
    page = (DIST / "index.html").read_text()
    assert re.findall(r"(?:src|href)=\"(?!/)[^\"]+\"", page) == []
    assert re.findall(r"<script(?![^>]*\bsrc=)|<style|\son\w+=|style=", page) == []
    for path in DIST.rglob("*.css"):
        assert re.findall(r"url\((?!/|\"/|'/)[^)]*\)|@import", path.read_text()) == [], path.name


def test_the_lock_file_names_no_place() -> None:
    lock = json.loads((ROOT / "web" / "package-lock.json").read_text())
    for name, package in lock["packages"].items():
        assert "resolved" not in package, name
        assert not name or package.get("inBundle") or package["integrity"].startswith("sha512-"), name
    own = lock["packages"][""]
    wanted = own["dependencies"] | own["devDependencies"]
    assert [name for name, version in wanted.items() if not re.fullmatch(r"[\d.]+", version)] == [], "pinned exactly"


def test_every_package_in_the_app_tells_its_licence() -> None:
    told = (DIST / "licences.txt").read_text()
    for name in ("react", "react-dom", "@base-ui/react", "lucide-react", "wouter", "@fontsource-variable/inter"):
        assert f"\n{name} " in told, name
