"""`pleiade train`: from a folder of text to a model that answers, resumable at any moment."""

from pathlib import Path
from typing import Annotated

import typer


def train(
    preset: Annotated[str, typer.Argument(help="toy, pico (CPU), nano or mini (GPU).")],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes as key=value, such as loop.minutes=10 or optim.muon_lr=0.02.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(envvar="PLEIADE_DATA", help="Folder of corpora (pretrain/…, post/…).", exists=True)
    ] = None,
    run: Annotated[Path, typer.Option(help="Where tokenizer, checkpoints, curves and the model go.")] = Path("run"),
    minutes: Annotated[float | None, typer.Option(help="Stop pretraining after so many minutes of training.")] = None,
    processes: Annotated[int, typer.Option(help="Ranks; 0 = one a core, or one where there is a GPU.")] = 0,
    until: Annotated[str, typer.Option(help="The last stage: base, chat, reward or dpo.")] = "chat",
) -> None:
    """Train a model from text to an export, stage by stage. Run it again to go on after a stop."""
    from pleiade.lab.chain import STAGES
    from pleiade.lab.launch import default_ranks, launch
    from pleiade.lab.presets import override, presets

    known = presets()
    if preset not in known:
        raise typer.BadParameter(f"{preset!r} is not a preset: choose one of {', '.join(known)}")
    if until not in STAGES:
        raise typer.BadParameter(f"{until!r} is not a stage: choose one of {', '.join(STAGES)}")
    if data is None:
        raise typer.BadParameter("give the folder of corpora with --data or PLEIADE_DATA")
    changes = list(overrides or [])
    if minutes is not None:
        changes.append(f"loop.minutes={minutes}")
    try:
        chosen = override(known[preset], changes)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    ranks = processes or default_ranks(chosen.rows // chosen.micro_rows)
    arguments = [preset, "--data", str(data), "--run", str(run), "--until", until, *changes]
    raise typer.Exit(launch(arguments, ranks))
