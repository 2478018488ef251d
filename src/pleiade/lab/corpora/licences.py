"""Under which licences a corpus stands, and who is to be named: a report that travels with the model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pleiade.lab.data.manifest import BuiltSource, Manifest
from pleiade.lab.data.python_sources import list_packages
from pleiade.lab.data.reader import PYTHON

UNKNOWN = "unknown"


@dataclass(frozen=True)
class Origin:
    """Where a corpus comes from, as its SOURCE.txt says."""

    folder: str
    repository: str
    licence: str
    note: str


def read_origin(data: Path, folder: str) -> Origin:
    """Read `data`/`folder`/SOURCE.txt; a set without one is named as unknown rather than left out."""
    fields: dict[str, str] = {}
    source = data / folder / "SOURCE.txt"
    if source.exists():
        for line in source.read_text("utf-8").splitlines():
            key, separator, value = line.partition(": ")
            if separator:
                fields.setdefault(key.strip(), value.strip())
    return Origin(folder, fields.get("repo", UNKNOWN), fields.get("licence", UNKNOWN), fields.get("note", ""))


def licence_shares(sources: Sequence[BuiltSource], by_source: Sequence[dict[str, int]]) -> dict[str, float]:
    """The share of each licence in the bytes that one pass reads; `by_source`: bytes under each licence, per source."""
    weighed: dict[str, float] = {}
    for source, sizes in zip(sources, by_source, strict=True):
        for licence, size in sizes.items():
            weighed[licence] = weighed.get(licence, 0.0) + size * source.repeats
    total = sum(weighed.values())
    return {
        name: round(size / total, 6) for name, size in sorted(weighed.items(), key=lambda item: (-item[1], item[0]))
    }


def licence_report(manifest: Manifest, packages: Sequence[str]) -> str:
    """LICENCES as text: shares, then each source with licence and attribution, then each package by name."""
    lines = [
        f"The corpus {manifest.recipe!r} is made of the following texts; shares are of the bytes a pass reads.",
        "",
    ]
    lines += [f"  {share:7.2%}  {licence}" for licence, share in manifest.licences.items()]
    for source in manifest.sources:
        lines += [
            "",
            f"{source.name} ({source.share:.2%})",
            f"  from:    {source.path}",
            f"  licence: {source.licence}",
        ]
        lines += [f"  by:      {source.attribution}"] if source.attribution else []
    if packages:
        lines += ["", "Python packages (name, version, licence, files, bytes, home page):", *packages]
    return "\n".join([*lines, ""])


def package_lines(address: str, packages: Mapping[str, tuple[int, int]]) -> list[str]:
    """A line for each Python package that gave text to a `python:` source, and one for those that were not taken."""
    if not address.startswith(PYTHON):
        return []
    lines, left_out = [], []
    described = {package.name: package for package in list_packages(address.removeprefix(PYTHON))}
    for name, package in described.items():
        if name in packages:
            files, size = packages[name]
            about = f"{package.version}, {package.licence}, {files} files, {size} bytes"
            lines.append(f"  {name} {about}")
        elif package.licence is None:
            left_out.append(f"{name} ({package.stated})")
    return [*lines, *([f"Not taken for their licences: {', '.join(left_out)}"] if left_out else [])]
