"""`pleiade data build` and `pleiade tokenize`: from sources to a clean corpus, and on to tokens."""

import os
from pathlib import Path
from typing import Annotated

import typer

from pleiade.cli.common import fail

DataOption = Annotated[
    Path, typer.Option(envvar="PLEIADE_DATA", help="Folder that the recipe's paths are below. [default: .]")
]


def build(
    recipe: Annotated[str, typer.Argument(help="A recipe (.toml), or the name of one that comes along: pico, code.")],
    out: Annotated[Path, typer.Option(help="Folder for the corpus: shards, manifest.json, LICENCES, report.md.")],
    data: DataOption = Path(),
    workers: Annotated[int, typer.Option(help="Processes; 0 = one a core.")] = 0,
) -> None:
    """Build a corpus: normalised, filtered, without copies and evaluation text. Run it again to go on after a stop."""
    from pleiade.lab.corpora.build import build_corpus
    from pleiade.lab.corpora.recipe import bundled_recipe, load_recipe
    from pleiade.lab.corpora.report import warnings
    from pleiade.lab.faults import EXPECTED, told

    try:
        chosen = load_recipe(Path(recipe)) if recipe.endswith(".toml") else bundled_recipe(recipe)
        manifest = build_corpus(chosen, data.resolve(), out, workers or os.cpu_count() or 1)
    except EXPECTED as error:
        fail(told(error))
    except KeyboardInterrupt:
        typer.echo("\nstopped: the same command goes on from here", err=True)
        raise typer.Exit(130) from None
    for line in warnings(manifest):
        typer.echo(f"warning: {line}", err=True)
    megabytes = manifest.text_bytes / 1e6
    typer.echo(
        f"{manifest.documents:,} documents, {megabytes:,.1f} MB of text in {out}; {out / 'report.md'} tells more"
    )


def tokenize(
    corpus: Annotated[Path, typer.Argument(help="A corpus made by `pleiade data build`.", exists=True)],
    tokenizer: Annotated[Path, typer.Option(help="A tokenizer.json or its folder.")],
    out: Annotated[Path, typer.Option(help="Folder for the tokens.")],
    workers: Annotated[int, typer.Option(help="Processes; 0 = one a core.")] = 0,
    check: Annotated[
        bool, typer.Option("--check", help="Compare every byte of what is there with its checksum.")
    ] = False,
) -> None:
    """Turn a corpus into tokens once, for training to read. Sources that are done already are not done again."""
    from pleiade.lab.data.tokens import tokenize_corpus
    from pleiade.lab.faults import EXPECTED, told
    from pleiade.lab.lock import hold
    from pleiade.lab.tokenizer.bpe import load_tokenizer

    try:
        with hold(out):
            shards = tokenize_corpus(corpus, load_tokenizer(tokenizer), out, workers or os.cpu_count() or 1, check)
    except EXPECTED as error:
        fail(told(error))
    except KeyboardInterrupt:
        typer.echo("\nstopped: the same command goes on from here", err=True)
        raise typer.Exit(130) from None
    for shard in shards:
        per_byte = shard.num_bytes / max(shard.num_tokens, 1)
        typer.echo(f"{shard.name}: {shard.num_tokens:,} tokens, {per_byte:.2f} bytes a token")
