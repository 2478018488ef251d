"""`pleiade train MODEL`: finds the model that a person names, and starts its fine-tune as a process of the lab."""

import dataclasses
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import typer

from pleiade.cli.common import fail, opened, show_download

if TYPE_CHECKING:
    from pleiade.cli.common import Place
    from pleiade.domain import Model

FILES = ("examples", "validation", "grader")
ON_HUB = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")


@dataclass(frozen=True)
class Found:
    """A model on disk: its folder, the folder of its base where it is an adapter, and what `--model` calls it."""

    folder: str
    base: str
    registered: str


def tune_model(
    name: str,
    options: dict[str, str],
    *,
    full: bool,
    overrides: Sequence[str],
    run: Path,
    ranks: int,
    home: str | None,
) -> NoReturn:
    """Fine-tune the model called `name`: a folder, hf:org/name, or a registered model. Ends the command.

    `options`: method, examples, validation, grader, reward_model, as TuneConfig has them.
    """
    from pleiade.lab.configuration import assign
    from pleiade.lab.launch import launch
    from pleiade.lab.tune.config import METHODS, AdapterConfig, TuneConfig
    from pleiade.lab.view.live import kept_page

    if not options["method"] or not options["examples"]:
        fail(f"to fine-tune {name}, say both --method ({', '.join(METHODS)}) and --examples FILE")
    found = _found(name, home)
    options = {key: str(Path(value).resolve()) if value and key in FILES else value for key, value in options.items()}
    if options["reward_model"]:
        options = {**options, "reward_model": _found(options["reward_model"], home).folder}
    try:
        config = TuneConfig(
            options["method"],
            found.folder,
            options["examples"],
            options["validation"],
            found.base,
            None if full else AdapterConfig(),
            options["grader"],
            options["reward_model"],
        )
        for assignment in overrides:
            config = assign(config, assignment)
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    wanted = json.dumps(dataclasses.asdict(config))
    with kept_page(run):
        status = launch([wanted, "--run", str(run)], max(1, ranks), module="pleiade.lab.tune")
    if status == 0 and config.method != "reward":
        print(_next_steps(found, config.model, run, full))
    raise typer.Exit(status)


def _next_steps(found: Found, folder: str, run: Path, full: bool) -> str:
    name = f"{found.registered or Path(folder).name}-tuned"
    steps = []
    if not full:
        base = found.registered or Path(folder).name
        if not found.registered:
            steps.append(f"pleiade model add {folder} --name {base}")
        steps.append(f"pleiade deploy {base} --model {base}")
    steps.append(f"pleiade model add {run / 'export'} --name {name}" + ("" if full else f" --base {base}"))
    steps.append(f"pleiade deploy {name} --model {name}")
    return "\n  ".join(["serve it (leave out what is there already):", *steps])


def _found(name: str, home: str | None) -> Found:
    """Raises SystemExit with a sentence for what cannot be trained."""
    if Path(name).is_dir():
        return Found(str(Path(name).resolve()), "", "")
    with opened(home, bundled=True) as place:
        from pleiade.domain import ModelFormat
        from pleiade.registry import get_model

        model = _model(place, name)
        if model.format not in (ModelFormat.SAFETENSORS, ModelFormat.ADAPTER):
            fail(f"{name} is not trained from its {model.format.value} form: give the Hugging Face folder it came from")
        is_adapter = model.format is ModelFormat.ADAPTER
        base = get_model(place.db, model.base) if is_adapter else model
    return Found(model.path, base.path if is_adapter else "", base.id)


def _model(place: "Place", name: str) -> "Model":
    """The registered model, or one from the hub (which is registered then, so that it can be deployed)."""
    from pleiade.registry import add_model, fetch_from_hub, list_models

    known = {model.id: model for model in list_models(place.db)}
    if name in known:
        return known[name]
    spec = f"hf:{name}" if ON_HUB.fullmatch(name) else name
    if not spec.startswith("hf:"):
        from pleiade.lab.presets import presets

        fail(
            f"{name!r} is no preset ({', '.join(presets())}), no folder and no registered model "
            f"({', '.join(known) or 'none yet'}): give one of them, or hf:org/name"
        )
    fetched = fetch_from_hub(spec, place.home.models, endpoint=place.settings.hf_endpoint, progress=show_download())
    there = next((model for model in known.values() if model.path == fetched.path), None)
    return there or (fetched if fetched.id in known else add_model(place.db, fetched))
