"""`pleiade train …`: the lab's commands, which need torch; without it, one line says how to add it."""

import importlib.util

import typer

ADD_THE_LAB = "training needs the lab: pip install 'pleiade[lab]' (in a clone: make install-lab)"


def add_to(app: typer.Typer) -> None:
    """Put the lab's commands on `app`: the real ones where torch is installed, else the one line."""
    if importlib.util.find_spec("torch") is not None and importlib.util.find_spec("pleiade.cli.train"):
        from pleiade.cli import train

        app.command("train")(train.train)
        return

    @app.command("train", context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
    def missing() -> None:
        """Train a model (needs the lab)."""
        typer.echo(f"pleiade: {ADD_THE_LAB}", err=True)
        raise typer.Exit(1)
