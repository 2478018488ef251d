"""`pleiade train moderation`: from labelled sets to the model that says what harm a text may do."""

import dataclasses
import subprocess
import sys
from pathlib import Path

import typer


def train_moderation(overrides: list[str], data: Path | None, run: Path, *, plan: bool) -> None:
    """Train into `run`/export, in a process of its own; ends the command. A stopped run goes on where it was."""
    from pleiade.lab.moderation.options import ModerationPlan, read_overrides

    try:
        chosen = read_overrides(overrides)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if plan:
        for field in dataclasses.fields(ModerationPlan):
            print(f"{field.name} = {getattr(chosen, field.name)}")
        raise typer.Exit(0)
    if data is None:
        raise typer.BadParameter("give the folder of data (post/…, eval/…) with --data or PLEIADE_DATA")
    argv = [sys.executable, "-m", "pleiade.lab.moderation", "--data", str(data), "--run", str(run), *overrides]
    raise typer.Exit(subprocess.run(argv, check=False).returncode)
