"""`pleiade train`: from a folder of text to a model that answers, resumable at any moment."""

from pathlib import Path
from typing import Annotated

import typer

from pleiade.cli.common import HomeOption
from pleiade.cli.tune import tune_model


def train(
    preset: Annotated[
        str,
        typer.Argument(help="toy, pico (CPU), nano or mini (GPU); or a model to fine-tune: DIR, hf:ORG/NAME, NAME."),
    ],
    overrides: Annotated[
        list[str] | None, typer.Argument(help="Changes as key=value, such as loop.minutes=10 or optim.muon_lr=0.02.")
    ] = None,
    data: Annotated[
        Path | None, typer.Option(envvar="PLEIADE_DATA", help="Folder of corpora (pretrain/…, post/…).", exists=True)
    ] = None,
    run: Annotated[Path, typer.Option(help="Where tokenizer, checkpoints, curves and the model go.")] = Path("run"),
    minutes: Annotated[float | None, typer.Option(help="Minutes of training in all, shared out to the stages.")] = None,
    processes: Annotated[int, typer.Option(help="Ranks; 0 = one a core, or one where there is a GPU.")] = 0,
    until: Annotated[str, typer.Option(help="The last stage: base, code, chat, reward, dpo or rloo.")] = "chat",
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
    if preset not in known and not (method or examples):
        raise typer.BadParameter(
            f"{preset!r} is not a preset: choose one of {', '.join(known)}; or give --method and --examples to "
            "fine-tune a model"
        )
    if preset not in known:
        options = {"method": method, "examples": examples, "validation": validation, "grader": grader}
        options["reward_model"] = reward_model
        tune_model(preset, options, full=full, overrides=overrides or [], run=run, ranks=processes, home=home)
    if until not in STAGES:
        raise typer.BadParameter(f"{until!r} is not a stage: choose one of {', '.join(STAGES)}")
    if data is None:
        raise typer.BadParameter("give the folder of corpora with --data or PLEIADE_DATA")
    changes = [*(share_minutes(minutes, until) if minutes is not None else []), *(overrides or [])]
    try:
        chosen = override(known[preset], changes)
        refuse_nonsense(chosen, unused=set(STAGES) - set(way_to(until)))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    ranks = processes or default_ranks(chosen.rows // chosen.micro_rows)
    arguments = [preset, "--data", str(data), "--run", str(run), "--until", until, *changes]
    raise typer.Exit(launch_seen(run, way_to(until), lambda: launch(arguments, ranks)))
