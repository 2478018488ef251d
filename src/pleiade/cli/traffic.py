"""`pleiade traffic`, `pleiade restart`, `pleiade rollback`: running deployments, steered without a gap."""

from typing import Annotated

import typer

from pleiade.cli import completion
from pleiade.cli.common import HomeOption, JsonOption, fail, opened, print_json

Name = Annotated[str, typer.Argument(help="Name of the deployment.", autocompletion=completion.deployments)]


def traffic(
    name: Name,
    drain: Annotated[
        bool | None, typer.Option("--drain/--resume", help="Take no new calls, or take them again.")
    ] = None,
    canary: Annotated[
        str, typer.Option(help="Deployment that gets a share of the calls.", autocompletion=completion.deployments)
    ] = "",
    percent: Annotated[int | None, typer.Option(help="That share, in percent.")] = None,
    alone: Annotated[bool, typer.Option("--alone", help="Answer all calls itself: no canary.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say which calls a deployment answers itself. Running answers finish; a drained one's canary takes all."""
    if alone and (canary or percent is not None):
        fail("--alone takes the canary away: leave out --canary and --percent")
    with opened(home, bundled=True) as place:
        import msgspec

        from pleiade.domain import OPERATOR
        from pleiade.registry import get_deployment, set_traffic
        from pleiade.tenancy.audit import recorder

        before = get_deployment(place.db, name).traffic
        wanted = msgspec.structs.replace(
            before,
            drained=before.drained if drain is None else drain,
            canary="" if alone else canary or before.canary,
            percent=0 if alone else before.percent if percent is None else percent,
        )
        told = msgspec.structs.asdict(wanted)
        if wanted != before:
            set_traffic(place.db, name, wanted, record=recorder(OPERATOR, "deployment.updated", name, **told))
    if as_json:
        print_json({"deployment": name, **told})
    else:
        itself = "is drained: it takes no new calls" if wanted.drained else "takes calls"
        print(f"{name} {itself}" + (f"; {wanted.percent} % go to {wanted.canary}" if wanted.canary else ""))


def restart(name: Name, home: HomeOption = None) -> None:
    """Start a new engine for a deployment; the running one serves until the other is ready."""
    with opened(home, bundled=True) as place:
        from pleiade.domain import OPERATOR
        from pleiade.registry import restart as restart_deployment
        from pleiade.tenancy.audit import recorder

        restart_deployment(place.db, name, record=recorder(OPERATOR, "deployment.restarted", name))
    print(f"a new engine is started for {name}; pleiade deployments shows its state")


def rollback(
    name: Name,
    version: Annotated[int, typer.Option(help="The version to go back to.", show_default="the one before")] = 0,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run again what a deployment ran before: model, engine and options. Names, capacity and traffic stay."""
    with opened(home, bundled=True) as place:
        from pleiade.domain import OPERATOR
        from pleiade.registry import roll_back
        from pleiade.tenancy.audit import recorder

        now = roll_back(
            place.db, name, version, record=recorder(OPERATOR, "deployment.rolled_back", name, version=version)
        )
    if as_json:
        print_json({"deployment": name, "version": now.number, "model": now.model, "engine": now.engine})
    else:
        print(f"{name} runs {now.model} on {now.engine}, as version {now.number}")
