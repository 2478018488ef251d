"""Names what a stage learned from, with licence and origin: texts, dialogues, preferences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pleiade.lab.cards.record import Part
from pleiade.lab.corpora.licences import read_origin
from pleiade.lab.data.corpus import Source
from pleiade.lab.data.manifest import MANIFEST, BuiltSource, read_manifest
from pleiade.lab.data.shards import open_shard, shard_path
from pleiade.lab.dialogues.mixture import POST_SETS

OURS = ("Apache-2.0", "written by the Pleiade project (`lab/dialogues`)")
POST = {"fr_vikidia": "pretrain/fr_vikidia", "hh_rlhf_harmless": "post/hh_rlhf_harmless"}


def text_parts(stage: str, data: Path, sources: Sequence[Source], cache: Path) -> list[Part]:
    """The sources of a recipe with their shares of the tokens.

    `data` is the folder that they are below, `cache` holds their tokens as the stage left them.
    """
    built = _built(data, sources)
    sizes = [open_shard(shard_path(source, cache)).num_tokens * source.repeats for source in sources]
    parts = []
    for source, size in zip(sources, sizes, strict=True):
        share = f"{size / sum(sizes):.1%} of the tokens"
        if source.name in built:
            told = built[source.name]
            place = Path(told.path).name if Path(told.path).is_absolute() else told.path
            parts.append(Part(stage, source.name, share, told.licence, told.attribution or place))
        else:
            origin = read_origin(data, source.folder)
            parts.append(Part(stage, source.name, share, origin.licence, origin.repository, origin.note))
    return parts


def _built(data: Path, sources: Sequence[Source]) -> dict[str, BuiltSource]:
    """By name, those that come from a built corpus."""
    found: dict[str, BuiltSource] = {}
    for corpus in dict.fromkeys((data / source.folder).parent for source in sources):
        if (corpus / MANIFEST).exists():
            found |= {told.name: told for told in read_manifest(corpus).sources}
    return found


def dialogue_parts(stage: str, data: Path, counts: Counter[str]) -> list[Part]:
    """The sources of the instruction mixture."""
    return _counted(stage, data, counts, "conversations")


def preference_parts(stage: str, data: Path, counts: Counter[str]) -> list[Part]:
    """The sources of preference pairs."""
    return _counted(stage, data, counts, "pairs")


def _counted(stage: str, data: Path, counts: Counter[str], unit: str) -> list[Part]:
    folders = {name: f"post/{name}" for name in POST_SETS} | POST
    parts = []
    for source, count in counts.most_common():
        amount = f"{count:,} {unit}"
        if source in folders:
            origin = read_origin(data, folders[source])
            parts.append(Part(stage, source, amount, origin.licence, origin.repository, origin.note))
        else:
            parts.append(Part(stage, source, amount, *OURS))
    return parts
