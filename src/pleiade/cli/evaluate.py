"""`pleiade eval`: examines a model in process or a deployment over HTTP, by the same suites."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pleiade.cli import completion
from pleiade.cli.common import HomeOption, fail, opened

if TYPE_CHECKING:
    from pleiade.lab.evals.scorer import Scorer


def evaluate(
    model: Annotated[
        str | None,
        typer.Argument(
            help="An exported or Hugging Face folder, or a registered model; none with --url.",
            autocompletion=completion.models,
        ),
    ] = None,
    suite: Annotated[
        str, typer.Option(metavar="S[,S…]", help="Suites, or all; an unknown name lists them (docs/evaluate.md).")
    ] = "",
    data: Annotated[
        Path | None, typer.Option(envvar="PLEIADE_DATA", help="Folder that holds eval/ and post/.", exists=True)
    ] = None,
    limit: Annotated[
        int | None, typer.Option(min=1, help="At most so many items a suite: a fixed, fair sample. [default: all]")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where results go, and are resumed. [default: eval/MODEL]")
    ] = None,
    url: Annotated[str, typer.Option(help="An OpenAI-compatible server to ask instead.")] = "",
    deployment: Annotated[str, typer.Option(help="With --url: the deployment to examine.")] = "",
    key: Annotated[str, typer.Option(envvar="OPENAI_API_KEY", help="With --url: its API key.")] = "",
    unsafe_code: Annotated[
        bool, typer.Option("--unsafe-code", help="Run generated code even where it cannot be isolated.")
    ] = False,
    home: HomeOption = None,
) -> None:
    """Evaluate a model: text, grammar, choices, code in a sandbox, instructions, style, French beside English."""
    from pleiade.lab.evals.catalogue import chosen
    from pleiade.lab.evals.command import ALL
    from pleiade.lab.evals.command import evaluate as run
    from pleiade.lab.evals.scorer import EvalError
    from pleiade.lab.evals.suite import Setting
    from pleiade.lab.faults import EXPECTED, told
    from pleiade.sandbox.run import SandboxError

    names = [name.strip() for name in suite.split(",") if name.strip()]
    try:
        if names != [ALL]:
            chosen(names)
        scorer = _scorer(model, url, deployment, key, home)
        folder = out or Path("eval") / scorer.name.replace("/", "_")
        print(run(scorer, names, Setting(data or Path("."), unsafe_code), limit, folder))
    except (EvalError, SandboxError) as error:
        fail(str(error))
    except EXPECTED as error:
        fail(told(error))
    except KeyboardInterrupt:
        print("stopped; the same command goes on where it was", flush=True)
        raise typer.Exit(130) from None
    print(f"written: {folder / 'results.json'}, {folder / 'results.png'}")


def _scorer(model: str | None, url: str, deployment: str, key: str, home: str | None) -> "Scorer":
    from pleiade.lab.evals.command import in_process, over_http

    if url and deployment and not model:
        return over_http(url, deployment, key)
    if url or deployment or not model:
        fail("name a MODEL to examine in this process, or give --url and --deployment to ask a server")
    if Path(model).is_dir():
        return in_process(Path(model), Path(model).resolve().name)
    with opened(home, bundled=True) as place:
        from pleiade.domain import ModelFormat
        from pleiade.registry import get_model

        found = get_model(place.db, model)
    if found.format is not ModelFormat.SAFETENSORS:
        fail(f"{model} is not in safetensors ({found.format.value}): deploy it, and give --url and --deployment")
    return in_process(Path(found.path), found.id)
