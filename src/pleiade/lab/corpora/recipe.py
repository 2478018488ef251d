"""A corpus recipe: which sources, how often each is read, what is filtered, under which licences; one TOML file."""

from __future__ import annotations

import tomllib
from importlib import resources
from pathlib import Path
from typing import Annotated, Any

import msgspec

from pleiade.lab.data.corpus import Source, built_sources
from pleiade.lab.data.manifest import MANIFEST

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"  # it becomes a folder
Share = Annotated[float, msgspec.Meta(ge=0, le=1)]


class Filters(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a document must be. Shares are between 0 and 1; a limit of 1 lets everything pass.

    `max_symbols`: share of characters that are neither letters, digits nor white space. `max_line_copies`: share of
    characters in lines that stood in the document before. `max_repeats`: share of five-word sequences that did
    (the last two after Rae et al., 2021, arXiv 2112.11446, table A1). `languages`: those kept, empty = all.
    """

    min_characters: int = 50
    max_symbols: Share = 0.4
    max_line_copies: Share = 0.3
    max_repeats: Share = 0.5
    languages: tuple[str, ...] = ()
    detect_language: bool = True


class NearDuplicates(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Documents whose five-word sequences overlap by `threshold` (Jaccard, estimated by MinHash) are copies."""

    threshold: Share = 0.8
    enabled: bool = True
    seed: int = 1


class Decontaminate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Text that shares `words` words in a row with an evaluation set is cut out, with `margin` characters around.

    As for GPT-3 (Brown et al., 2020, appendix C): what is left in pieces shorter than `min_piece` characters goes
    too, and so does a document that would fall into more than `max_pieces`.
    """

    folders: tuple[str, ...] = ()
    words: Annotated[int, msgspec.Meta(ge=2)] = 13
    margin: int = 200
    min_piece: int = 200
    max_pieces: int = 10


class CorpusSource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One source: a path below the data folder or an address, and what is known about it.

    `repeats`: how often training reads each document in one pass (0.5 = half of them). `language` is the stated one;
    a document clearly in another is dropped. `licence` and `attribution` default to the folder's SOURCE.txt.
    """

    path: str
    name: Annotated[str, msgspec.Meta(pattern=NAME)]
    field: str = "text"
    repeats: Annotated[float, msgspec.Meta(gt=0)] = 1.0
    language: str = ""
    licence: str = ""
    attribution: str = ""
    filters: Filters = Filters()


class Recipe(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A whole corpus; of copies, that of the earlier source is kept."""

    name: str
    sources: tuple[CorpusSource, ...]
    description: str = ""
    near_duplicates: NearDuplicates = NearDuplicates()
    decontaminate: Decontaminate = Decontaminate()


def load_recipe(path: Path) -> Recipe:
    """Read a recipe file.

    Raises ValueError naming the file, the key and what is allowed there.
    """
    if not path.exists():
        raise FileNotFoundError(f"no recipe at {path}: give a .toml file (those that come along: {_bundled_names()})")
    try:
        return _recipe(tomllib.loads(path.read_text("utf-8")), path.stem)
    except ValueError as error:  # TOML's and msgspec's errors are such
        raise ValueError(f"{path}: {error}") from error


def bundled_recipe(name: str) -> Recipe:
    """A recipe that comes with Pleiade, by name ("pico", "code"); raises ValueError naming those that exist."""
    file = resources.files("pleiade.lab.corpora").joinpath("recipes", f"{name}.toml")
    if not file.is_file():
        raise ValueError(f"no recipe {name!r}: there are {_bundled_names()}, or give a .toml file")
    return _recipe(tomllib.loads(file.read_text("utf-8")), name)


def training_sources(recipe: Recipe) -> tuple[Source, ...]:
    """The recipe as training reads it straight from the data folder, without a build."""
    return tuple(Source(source.path, source.repeats, source.field) for source in recipe.sources)


def sources_named(text: str) -> tuple[Source, ...]:
    """What training reads: a bundled recipe by name, a recipe's file, or the folder of a built corpus.

    Raises ValueError if it is none of these, or has sources that only a build can read.
    """
    path = Path(text)
    if (path / MANIFEST).exists():
        corpus = path.resolve()
        return tuple(Source(str(corpus / source.folder), source.repeats) for source in built_sources(corpus))
    if path.suffix == ".toml" and not path.exists():
        raise ValueError(f"no recipe at {path}")
    sources = training_sources(load_recipe(path) if path.suffix == ".toml" else bundled_recipe(text))
    for source in sources:
        if ":" in source.folder:
            raise ValueError(
                f"{source.folder} can't be trained on as it is: `pleiade data build {text} --out CORPUS`, "
                "then recipe=CORPUS"
            )
    return sources


def _bundled_names() -> str:
    folder = resources.files("pleiade.lab.corpora").joinpath("recipes")
    return ", ".join(
        sorted(file.name.removesuffix(".toml") for file in folder.iterdir() if file.name.endswith(".toml"))
    )


def _recipe(table: dict[str, Any], name: str) -> Recipe:
    shared = table.pop("filters", {})
    sources = [_source(source, shared) for source in table.pop("sources", [])]
    if not sources:
        raise ValueError("the recipe has no [[sources]]: name at least one, with its path")
    names = [source["name"] for source in sources]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"two sources are called {twice[0]!r}: give one of them another name")
    return msgspec.convert({"name": name, **table, "sources": sources}, Recipe)


def _source(table: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """The table with its name, and with the recipe's filters below its own."""
    if "path" not in table:
        raise ValueError(f"a source has no path: it has {', '.join(table) or 'nothing'}")
    last = str(table["path"]).partition("?")[0].rstrip("/").rsplit("/", 1)[-1]
    return {"name": last.replace(":", "-"), **table, "filters": {**shared, **table.get("filters", {})}}
