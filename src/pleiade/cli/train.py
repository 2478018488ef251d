"""`pleiade train`: from a folder of text to a model that answers, resumable at any moment."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pleiade.cli.common import HomeOption, fail
from pleiade.cli.train_moderation import train_moderation
from pleiade.cli.train_pictures import train_pictures
from pleiade.cli.tune import tune_model

if TYPE_CHECKING:
    from pleiade.lab.presets import Preset


def train(
    preset: Annotated[
        str,
        typer.Argument(
            help="toy, pico (CPU), nano, mini, small, 1b (GPU), 7b, 70b (cluster); pix-6m (CPU), pix-25m (GPU) for "
            "pictures; moderation (CPU); or a model to fine-tune: DIR, hf:ORG/NAME, NAME."
        ),
    ],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes as key=value, such as loop.minutes=10 or optim.muon_lr=0.02.")
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(
            envvar="PLEIADE_DATA", help="Folder of corpora (pretrain/…, post/…), or of drawings for pix.", exists=True
        ),
    ] = None,
    run: Annotated[Path, typer.Option(help="Where tokenizer, checkpoints, curves and the model go.")] = Path("run"),
    minutes: Annotated[float | None, typer.Option(help="Minutes of training in all, shared out to the stages.")] = None,
    processes: Annotated[int, typer.Option(help="Ranks; 0 = one a core, or one a GPU.")] = 0,
    until: Annotated[
        str,
        typer.Option(
            help="Last stage: base, code, chat (default), reward, dpo or rloo; encoder, base, few or enlarger for pix."
        ),
    ] = "",
    plan: Annotated[bool, typer.Option("--plan", help="Print the plan and end; needs no --data.")] = False,
    device: Annotated[str, typer.Option(help="--plan: for devices of this kind instead, such as H100.")] = "",
    devices: Annotated[int, typer.Option(help="--plan: for so many devices.")] = 0,
    price: Annotated[float | None, typer.Option(help="What an hour of a device costs, for the plan.")] = None,
    method: Annotated[str, typer.Option(help="Fine-tuning: sft, reward, dpo or grpo.")] = "",
    examples: Annotated[str, typer.Option(help="Fine-tuning: OpenAI's JSON lines.")] = "",
    validation: Annotated[str, typer.Option(help="Fine-tuning: more of them, to measure on.")] = "",
    full: Annotated[bool, typer.Option("--full/--adapter", help="Fine-tuning: the whole model, or LoRA.")] = False,
    grader: Annotated[str, typer.Option(help="grpo: a file with a grader, in OpenAI's form.")] = "",
    reward_model: Annotated[str, typer.Option(help="grpo: a reward model instead.")] = "",
    home: HomeOption = None,
) -> None:
    """Train a model from text to an export, stage by stage. Run it again to go on after a stop."""
    from pleiade.lab.bounds import refuse_nonsense
    from pleiade.lab.chain import STAGES, share_minutes, way_to
    from pleiade.lab.launch import default_ranks, launch
    from pleiade.lab.presets import override, presets
    from pleiade.lab.view.live import launch_seen

    known = presets()
    if preset.startswith("pix-"):
        train_pictures(preset, overrides or [], data, run, minutes, processes, until, plan=plan)
    if preset == "moderation":
        train_moderation(overrides or [], data, run, plan=plan)
    until = until or "chat"
    if preset not in known and not (method or examples):
        raise typer.BadParameter(
            f"{preset!r} is not a preset: choose one of {', '.join(known)}, pix-6m, pix-25m, moderation; or give "
            "--method and --examples to fine-tune a model"
        )
    if preset not in known:
        options = {"method": method, "examples": examples, "validation": validation, "grader": grader}
        options["reward_model"] = reward_model
        tune_model(preset, options, full=full, overrides=overrides or [], run=run, ranks=processes, home=home)
    if until not in STAGES:
        raise typer.BadParameter(f"{until!r} is not a stage: choose one of {', '.join(STAGES)}")
    if data is None and not plan:
        raise typer.BadParameter("give the folder of corpora with --data or PLEIADE_DATA")
    changes = [f"plan.price_per_hour={price}"] if price is not None else []
    changes += [*(share_minutes(minutes, until) if minutes is not None else []), *(overrides or [])]
    try:
        chosen = override(known[preset], changes)
        refuse_nonsense(chosen, unused=set(STAGES) - set(way_to(until)))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    if plan:
        print_plan(chosen, device, devices or processes, run)
        return
    ranks = processes or default_ranks(chosen.rows // chosen.micro_rows, chosen.parallel.ranks_per_row)
    arguments = [preset, "--data", str(data), "--run", str(run), "--until", until, *changes]
    raise typer.Exit(launch_seen(run, way_to(until), lambda: launch(arguments, ranks)))


def print_plan(preset: "Preset", device: str, devices: int, run: Path) -> None:
    """Print the plan of a run here, or on `devices` of a kind that need not be here."""
    from pleiade.lab.launch import default_ranks
    from pleiade.lab.planning.plan import plan_elsewhere, plan_here

    try:
        if device:
            print(plan_elsewhere(preset, device, devices or 1))
        else:
            ranks = devices or default_ranks(preset.rows // preset.micro_rows, preset.parallel.ranks_per_row)
            print(plan_here(preset, ranks, run))
    except ValueError as error:
        fail(str(error))
