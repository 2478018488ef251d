"""Permissively licensed Python sources of an installation: the standard library, and packages by their metadata.

A code corpus that anyone can repeat on their own machine; each module comes with its package's licence.
"""

from __future__ import annotations

import importlib.metadata
import io
import os
import platform
import re
import sys
import sysconfig
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pleiade.lab.data.addresses import DataFile

STANDARD_LIBRARY = "standard-library"
INSTALLED = "installed"
MIN_BYTES, MAX_BYTES, MAX_LINE = 100, 200_000, 1000
# Written by a program, or somebody else's code under a licence that the package's metadata does not tell.
_GENERATED = re.compile(r"(?i)(generated (by|from|automatically)|auto-?generated|do not (edit|modify))")
_GENERATED_NAMES = re.compile(r"(_pb2(_grpc)?|_version|_cython.*)\.py$")
_FOREIGN_FOLDERS = {"_vendor", "vendor", "vendored", "_vendored", "extern", "externals", "third_party", "node_modules"}

# What the metadata says, in SPDX names, classifiers and the free words of older packages -> one SPDX name.
_PERMISSIVE = {
    "MIT": r"mit(-0|-cmu)?( license| licence)?|expat( license)?|the mit license( \(mit\))?|mit license \(mit\)",
    "BSD-3-Clause": r"bsd-3-clause|(new |modified |revised )bsd( license)?|3-clause bsd( license)?|bsd 3-clause.*",
    "BSD-2-Clause": r"bsd-2-clause|simplified bsd( license)?|2-clause bsd( license)?|bsd 2-clause.*",
    "BSD": r"bsd( license)?|bsd-like|0bsd",
    "Apache-2.0": r"apache(-2\.0|[ -]?2(\.0)?| software)?( license| licence)?,?( \(?(version )?2(\.0)?\)?)?",
    "PSF-2.0": r"psf(-2\.0)?|python software foundation license|python-2\.0(\.1)?|cnri-python",
    "ISC": r"isc( license( \(iscl\))?)?",
}
_LICENCES = {name: re.compile(pattern, re.IGNORECASE) for name, pattern in _PERMISSIVE.items()}


@dataclass(frozen=True)
class Module:
    """One source file: its name (`package/path.py`), text and licence."""

    name: str
    text: str
    licence: str


@dataclass(frozen=True)
class Package:
    """An installed package: what its metadata says of itself, and the SPDX licence if it is one of the permissive."""

    name: str
    version: str
    stated: str
    licence: str | None


def find_packages(where: str) -> list[DataFile]:
    """The permissively licensed packages of `installed` (this Python) or of a site-packages folder, by name.

    Raises ValueError if there is none.
    """
    taken = [package for package in list_packages(where) if package.licence is not None]
    files = [DataFile(f"python:{where}#{package.name}", 0, package.version) for package in taken]
    if not files:
        raise ValueError(f"python:{where} has no permissively licensed package: write python:installed for this Python")
    return files


def list_packages(where: str) -> list[Package]:
    """Every installed package with what its metadata says, the standard library first."""
    library = Package(STANDARD_LIBRARY, platform.python_version(), "PSF-2.0", "PSF-2.0")
    found = [describe(distribution) for distribution in _distributions(where)]
    return [library, *found] if where == INSTALLED else found


def describe(distribution: importlib.metadata.Distribution) -> Package:
    """Name, version and licence of an installed package, from its metadata alone."""
    metadata = distribution.metadata
    classifiers = metadata.get_all("Classifier") or []
    stated = _first(metadata, "License-Expression")
    if not stated:
        # Several classifiers may mean a choice or all at once: only a set that is permissive as a whole is taken.
        stated = " AND ".join(
            c.rsplit(" :: ", 1)[-1] for c in classifiers if c.startswith("License :: OSI Approved :: ")
        )
    if not stated:
        stated = (_first(metadata, "License") or "unknown").strip().splitlines()[0][:100]
    return Package(metadata["Name"], distribution.version, stated, permissive(stated))


def _first(metadata: importlib.metadata.PackageMetadata, key: str) -> str:
    return str((metadata.get_all(key) or [""])[0])


def permissive(stated: str) -> str | None:
    """The SPDX name of a stated licence, joined by AND if several hold at once; None unless all are permissive.

    Of a choice (OR) one permissive licence is enough.
    """
    choices = [_all_permissive(choice) for choice in re.split(r"\s+OR\s+", stated)]
    return next((choice for choice in choices if choice is not None), None)


def _all_permissive(stated: str) -> str | None:
    parts = [part.strip() for part in re.split(r"\s+AND\s+|\s*;\s*", stated)]
    names = [next((name for name, pattern in _LICENCES.items() if pattern.fullmatch(part)), None) for part in parts]
    if not names or None in names:
        return None
    return " AND ".join(dict.fromkeys(name for name in names if name is not None))


def read_package(address: str) -> Iterator[Module]:
    """Every source file of `WHERE#PACKAGE` worth learning from, in path order; tests are kept.

    Left out: files that are generated, vendored, tiny, huge, not in a known encoding, or with lines no person wrote.
    """
    where, _, name = address.partition("#")
    if name == STANDARD_LIBRARY:
        folder = Path(sysconfig.get_path("stdlib"))
        wanted = [(path, path.relative_to(folder).as_posix()) for path in _library_files(folder)]
        licence = "PSF-2.0"
    else:
        distribution = next(d for d in _distributions(where) if d.metadata["Name"] == name)
        licence = describe(distribution).licence or ""
        listed = sorted(file.as_posix() for file in distribution.files or [] if file.suffix == ".py")
        wanted = [(Path(str(distribution.locate_file(path))), path) for path in listed if not path.startswith("..")]
    for path, relative in wanted:
        text = _readable_source(path, relative)
        if text is not None:
            yield Module(f"{name}/{relative}", text, licence)


def _library_files(folder: Path) -> list[Path]:
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name not in ("site-packages", "dist-packages", "__pycache__")]
        found += [Path(place, name) for name in names if name.endswith(".py")]
    return sorted(found)


def _readable_source(path: Path, relative: str) -> str | None:
    if _FOREIGN_FOLDERS & set(PurePosixPath(relative).parts) or _GENERATED_NAMES.search(relative):
        return None
    if not path.is_file() or not MIN_BYTES <= path.stat().st_size <= MAX_BYTES:
        return None
    raw = path.read_bytes()
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(raw).readline)
        text = raw.decode(encoding)
    except (SyntaxError, UnicodeDecodeError, LookupError):
        return None  # a test of bad encodings, or a template
    if _GENERATED.search(text[:500]) or max(map(len, text.splitlines()), default=0) > MAX_LINE:
        return None
    return text


def _distributions(where: str) -> list[importlib.metadata.Distribution]:
    found = importlib.metadata.distributions(path=sys.path if where == INSTALLED else [where])
    by_name: dict[str, importlib.metadata.Distribution] = {}
    for distribution in found:
        if distribution.metadata["Name"]:
            by_name.setdefault(distribution.metadata["Name"], distribution)  # the first on the path is the one imported
    return [by_name[name] for name in sorted(by_name, key=str.lower)]
