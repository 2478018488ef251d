"""`pleiade train`: the lab's command, which needs torch; without it, one line says how to add it."""

import functools
import importlib.util
from typing import Any

import typer

from pleiade.cli import train
from pleiade.cli.common import fail

ADD_THE_LAB = "training needs the lab: pip install 'pleiade[lab]' (in a clone: make install-lab)"


def add_to(app: typer.Typer) -> None:
    """Put the lab's command on `app`; its help needs no torch, only its run does."""

    @functools.wraps(train.train)
    def with_the_lab(**arguments: Any) -> None:
        if importlib.util.find_spec("torch") is None:
            fail(ADD_THE_LAB)
        train.train(**arguments)

    app.command("train")(with_the_lab)
