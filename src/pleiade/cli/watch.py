"""`pleiade train watch`: curves of a run in the terminal, or as one page of HTML."""

from pathlib import Path
from typing import Annotated

import typer

from pleiade.cli.common import fail


def watch(
    run: Annotated[Path, typer.Argument(help="The folder of a run, or of one of its stages.", exists=True)],
    once: Annotated[bool, typer.Option("--once", help="Show it once, instead of until the run ends.")] = False,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page there too, which needs no other file.")
    ] = None,
    every: Annotated[float, typer.Option(min=0.5, help="Seconds between two looks.")] = 5.0,
) -> None:
    """Watch a run: loss, learning rate, throughput, gradient norm, and what the model writes. Ctrl-C leaves it be."""
    from pleiade.lab.view.watch import watch as follow

    try:
        follow(run, once=once, html=html, every=every)
    except FileNotFoundError as error:
        fail(str(error))
    except KeyboardInterrupt:
        print("\nthe run goes on")
    if html is not None:
        print(f"written: {html}")
