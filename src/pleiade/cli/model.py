"""`pleiade model list|show|add|remove`."""

from typing import TYPE_CHECKING, Annotated

import typer

from pleiade.cli import completion
from pleiade.cli.common import HomeOption, JsonOption, Place, opened, print_json, print_table, show_download, when

if TYPE_CHECKING:
    from pleiade.domain import Model

app = typer.Typer(help="Models: register, list, show, remove.", no_args_is_help=True)

ModelArgument = Annotated[
    str, typer.Argument(metavar="MODEL", help="Name of a registered model.", autocompletion=completion.models)
]


@app.command("list")
def list_all(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the registered models."""
    with opened(home, bundled=True) as place:
        from pleiade.registry import list_models

        models = list_models(place.db)
    if as_json:
        print_json(models)
        return
    print_table(
        ("model", "kind", "format", "parameters", "context", "licence", "source"),
        [
            (
                model.id,
                model.kind.value,
                model.format.value,
                _count(model.parameters),
                str(model.context_length or "-"),
                model.licence or "not said",
                model.source,
            )
            for model in models
        ],
    )


@app.command("show")
def show(model: ModelArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show one model, with its card where it has one."""
    with opened(home, bundled=True) as place:
        from pleiade.registry import get_model, list_deployments
        from pleiade.registry.card import read_card

        found = get_model(place.db, model)
        served = [deployment.name for deployment in list_deployments(place.db) if deployment.model == model]
        card = read_card(found.path)
    if as_json:
        import msgspec

        print_json({**msgspec.structs.asdict(found), "deployments": served, "card": card})
        return
    for name, value in (
        ("model", found.id),
        ("kind", found.kind.value),
        ("format", found.format.value),
        ("architecture", found.architecture),
        ("parameters", _count(found.parameters)),
        ("context", str(found.context_length or "-")),
        ("vector", str(found.embedding_length or "")),
        ("licence", found.licence or "not said"),
        ("base", found.base),
        ("source", found.source),
        ("path", found.path),
        ("sha256", found.sha256),
        ("added", when(found.created)),
        ("deployed as", ", ".join(served) or f"nothing: pleiade deploy NAME --model {found.id}"),
    ):
        if value:
            print(f"{name:13} {value}")
    if card:
        print(f"\n{card}")


@app.command("add")
def add(
    source: Annotated[
        str, typer.Argument(help="A folder, a .gguf file, hf:org/name[/file.gguf][@revision], or a URL.")
    ],
    name: Annotated[str, typer.Option(help="Name to register it under. [default: the source's]")] = "",
    base: Annotated[str, typer.Option(help="Adapters: the registered model that it adapts.")] = "",
    kind: Annotated[str, typer.Option(help="URLs: what the model is: text, embedding, image or reward.")] = "text",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Register a model from disk, from a model hub, or one that a URL serves."""
    with opened(home, bundled=True) as place:
        import msgspec

        from pleiade.domain import OPERATOR
        from pleiade.registry import add_model
        from pleiade.tenancy.audit import recorder

        found = _found(place, source, kind)
        changes = {"id": name} if name else {}
        if base:
            changes["base"] = base
        wanted = msgspec.structs.replace(found, **changes)
        model = add_model(place.db, wanted, record=recorder(OPERATOR, "model.added", wanted.id, source=wanted.source))
    if as_json:
        print_json(model)
        return
    licence = model.licence or "no licence said: check that you may use it"
    print(f"added {model.id}: {_count(model.parameters)} parameters, {licence}")
    print(f"next: pleiade deploy NAME --model {model.id}")


@app.command("remove")
def remove(model: ModelArgument, home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Forget a model; its files stay where they are."""
    with opened(home, bundled=True) as place:
        from pleiade.domain import OPERATOR
        from pleiade.registry import remove_model
        from pleiade.tenancy.audit import recorder

        removed = remove_model(place.db, model, record=recorder(OPERATOR, "model.removed", model))
    if as_json:
        print_json(removed)
    else:
        print(f"removed {removed.id}" + (f"; its files are still in {removed.path}" if removed.path else ""))


def _found(place: Place, source: str, kind: str) -> "Model":
    from pleiade.registry import fetch_from_hub, inspect_model, remote_model

    if source.startswith("hf:"):
        return fetch_from_hub(source, place.home.models, endpoint=place.settings.hf_endpoint, progress=show_download())
    if source.startswith(("http://", "https://")):
        return remote_model(source, kind)
    return inspect_model(source)


def _count(parameters: int) -> str:
    """22713728 as "22.7 M"."""
    for size, letter in ((1e9, "B"), (1e6, "M"), (1e3, "K")):
        if parameters >= size:
            return f"{parameters / size:.1f} {letter}"
    return str(parameters) if parameters else "-"
