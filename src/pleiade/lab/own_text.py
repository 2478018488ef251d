"""Text that is no ready corpus yet: a person's own folder, or a recipe that only a build can read."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from pleiade.lab.corpora.build import build_corpus
from pleiade.lab.corpora.recipe import CorpusSource, Recipe, bundled_recipe, load_recipe, sources_named
from pleiade.lab.data.manifest import MANIFEST
from pleiade.lab.presets import Preset
from pleiade.lab.ranks import join_ranks


def on_own_text(preset: Preset, data: Path, run: Path) -> Preset:
    """The preset, reading whatever text lies in `data` if that folder has none of the recipe's sets.

    The text is then built into `run`/corpus like any other corpus: filtered, without copies. Raises ValueError or
    FileNotFoundError if there is no text.
    """
    if not data.is_dir() or any((data / source.folder).exists() for source in preset.recipe):
        return preset
    recipe = Recipe("own-text", (CorpusSource(str(data.absolute()), "text"),))
    if join_ranks().is_first:
        print(f"{data} has none of the sets of {preset.name}'s recipe: training on all the text in it", flush=True)
    return dataclasses.replace(preset, recipe=sources_named(str(_built(recipe, data, run / "corpus"))))


def code_corpus(named: str, data: Path, folder: Path) -> Path:
    """The corpus that `named` is (a built one), or the one built from the recipe of that name or file in `folder`."""
    if (Path(named) / MANIFEST).exists():
        return Path(named)
    return _built(load_recipe(Path(named)) if named.endswith(".toml") else bundled_recipe(named), data, folder)


def _built(recipe: Recipe, data: Path, folder: Path) -> Path:
    """`folder`, when the first rank has built the corpus there."""
    ranks = join_ranks()
    if ranks.is_first:
        build_corpus(recipe, data, folder)
    ranks.wait_for_all()
    return folder
