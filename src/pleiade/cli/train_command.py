"""The lab's commands, which need torch and more; without them, one line says how to add them."""

import functools
import importlib.util
from collections.abc import Callable
from typing import Any

import typer

from pleiade.cli import data, evaluate, export, train, watch
from pleiade.cli.common import fail

ADD_THE_LAB = "training and evaluating need the lab: pip install 'pleiade[lab]' (in a clone: make install-lab)"


def add_to(app: typer.Typer) -> None:
    """Put the lab's commands on `app`; their help needs no torch, only their run does."""
    corpora = typer.Typer(help="Corpora for training.", no_args_is_help=True)
    corpora.command("build")(with_the_lab(data.build))
    app.add_typer(corpora, name="data")
    app.command("tokenize")(with_the_lab(data.tokenize))
    app.command("train")(with_the_lab(train.train))
    app.command("train watch")(with_the_lab(watch.watch, "uniplot"))
    app.command("export")(with_the_lab(export.export))
    app.command("eval")(with_the_lab(evaluate.evaluate))


def with_the_lab(command: Callable[..., None], *needed: str) -> Callable[..., None]:
    """The command, or the line that says how to add what it needs (most of it, unless told)."""
    libraries = needed or ("torch", "datasets", "trl")

    @functools.wraps(command)
    def checked(**arguments: Any) -> None:
        if any(importlib.util.find_spec(library) is None for library in libraries):
            fail(ADD_THE_LAB)
        command(**arguments)

    return checked
