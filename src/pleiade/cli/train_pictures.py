"""`pleiade train pix-6m`: from a folder of drawings to a model that draws, resumable at any moment."""

from pathlib import Path

import typer


def train_pictures(
    name: str,
    overrides: list[str],
    data: Path | None,
    run: Path,
    minutes: float | None,
    processes: int,
    until: str,
    *,
    plan: bool,
) -> None:
    """Train a picture preset up to a stage; ends the command. `data` is what `pleiade.lab.dalle.data` has built."""
    from pleiade.lab.bounds import refuse_nonsense
    from pleiade.lab.dalle.plan import pix_plan
    from pleiade.lab.dalle.presets import override_pix, pix_presets
    from pleiade.lab.dalle.stages import MEASURING, STAGES, share_minutes, way_to
    from pleiade.lab.launch import default_ranks, launch
    from pleiade.lab.view.live import launch_seen

    known, until = pix_presets(), until or STAGES[-1]
    if name not in known:
        raise typer.BadParameter(f"{name!r} is not a preset: for pictures there are {', '.join(known)}")
    if until not in (*STAGES, MEASURING):
        raise typer.BadParameter(f"{until!r} is not a stage: choose one of {', '.join((*STAGES, MEASURING))}")
    if data is None and not plan:
        raise typer.BadParameter("give the folder of drawings with --data or PLEIADE_DATA")
    changes = [*(share_minutes(minutes, until) if minutes is not None else []), *overrides]
    try:
        preset = override_pix(known[name], changes)
        refuse_nonsense(preset)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    ranks = processes or default_ranks(preset.rows // preset.micro_rows)
    if plan:
        print(pix_plan(preset, None, ranks, run, way_to(until)))
        raise typer.Exit(0)
    arguments = [name, "--data", str(data), "--run", str(run), "--until", until, *changes]
    raise typer.Exit(launch_seen(run, way_to(until), lambda: launch(arguments, ranks, "pleiade.lab.dalle")))
