"""`pleiade deploy`, `pleiade undeploy`, `pleiade deployments`."""

from typing import TYPE_CHECKING, Annotated

import typer

from pleiade.cli import completion
from pleiade.cli.common import HomeOption, JsonOption, Place, fail, opened, print_json, print_table
from pleiade.cli.limit_words import changed_capacity

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pleiade.domain import Deployment, Model

Options = dict[str, str | int | float | bool]


def deploy(
    name: Annotated[str, typer.Argument(help="Name that clients say in `model`, or in Azure's path.")],
    model: Annotated[
        str, typer.Option("--model", help="A registered model (pleiade model list).", autocompletion=completion.models)
    ],
    engine: Annotated[
        str,
        typer.Option(
            help="Engine to run it on. [default: the first that can serve it]", autocompletion=completion.engines
        ),
    ] = "",
    alias: Annotated[
        list[str] | None, typer.Option("--alias", help="A further name, say gpt-4o-mini. Repeat it.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option("--option", metavar="KEY=VALUE", help="The engine's own, say weights=int4. Repeat it."),
    ] = None,
    capacity: Annotated[
        int | None, typer.Option(metavar="UNITS", help="Its slice of the model's pool: thousands of tokens a minute.")
    ] = None,
    kind: Annotated[str | None, typer.Option(help="Of the capacity: standard or provisioned.")] = None,
    spillover: Annotated[
        str | None,
        typer.Option(help="Deployment that takes what this one refuses.", autocompletion=completion.deployments),
    ] = None,
    wait: Annotated[bool, typer.Option(help="Where a server runs, wait until its engine is ready.")] = True,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a model callable; a running server takes it up within a second. Deploying again changes it."""
    with opened(home, bundled=True) as place:
        from pleiade.domain import OPERATOR
        from pleiade.prices import require_sellable
        from pleiade.quota.capacity import capacity_of, check_capacity, set_capacity
        from pleiade.registry import deploy as write_deployment
        from pleiade.registry import list_deployments
        from pleiade.supervisor import is_running
        from pleiade.tenancy.audit import recorder

        options = _options(option or [])
        found = _model(place, model, engine, options)
        if found.format.value == "remote" and found.source:
            options.setdefault("url", found.source)
        chosen = _engine(place, name, found, engine, options)
        require_sellable(place.db, found)
        old_slice = capacity_of(place.db, name)
        new_slice = changed_capacity(old_slice, units=capacity, kind=kind, spillover=spillover)
        check_capacity(place.db, name, found.id, new_slice)  # or nothing is deployed
        known = any(deployment.name == name for deployment in list_deployments(place.db))
        act = "deployment.updated" if known else "deployment.created"
        deployment = write_deployment(
            place.db,
            name,
            model=found.id,
            engine=chosen,
            aliases=alias or (),
            options=options,
            record=recorder(OPERATOR, act, name, model=found.id, engine=chosen),
        )
        if new_slice != old_slice and (capacity, kind, spillover) != (None, None, None):
            set_capacity(place.db, name, new_slice)
        state, detail = _settled(place, name) if wait and is_running(place.home) else ("", "")
    if as_json:
        print_json({**_shown(deployment), "state": state, "detail": detail})
    elif not detail:
        also = f", also as {', '.join(deployment.aliases)}" if deployment.aliases else ""
        print(f"deployed {deployment.model} as {name} on {chosen}{also}")
        print({"ready": "it is ready", "": "start it: pleiade up"}.get(state, "pleiade deployments shows its state"))
    if detail:
        fail(f"{name} is deployed, but {detail}")


def undeploy(
    name: Annotated[str, typer.Argument(help="Name of the deployment.", autocompletion=completion.deployments)],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Remove a deployment: running answers finish, then its engine ends. The model stays registered."""
    with opened(home, bundled=True) as place:
        from pleiade.domain import OPERATOR
        from pleiade.registry import undeploy as remove_deployment
        from pleiade.tenancy.audit import recorder

        removed = remove_deployment(place.db, name, record=recorder(OPERATOR, "deployment.deleted", name))
    if as_json:
        print_json(_shown(removed))
    else:
        print(f"removed the deployment {removed.name}; {removed.model} stays registered")


def deployments(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the deployments, with the state of their engines where a server runs."""
    with opened(home, bundled=True) as place:
        from pleiade.registry import list_deployments
        from pleiade.supervisor import is_running
        from pleiade.supervisor.table import read_table

        everything = list_deployments(place.db)
        table = read_table(place.home.endpoints) if is_running(place.home) else None
    known = {endpoint.deployment: endpoint for endpoint in table.endpoints} if table else {}
    states = {name: endpoint.state.value for name, endpoint in known.items()}
    if as_json:
        print_json(
            [
                {
                    **_shown(deployment),
                    "state": states.get(deployment.name, "stopped"),
                    "detail": known[deployment.name].detail if deployment.name in known else "",
                }
                for deployment in everything
            ]
        )
        return
    print_table(
        ("deployment", "model", "engine", "state", "aliases", "options"),
        [
            (
                deployment.name,
                deployment.model,
                deployment.engine,
                states.get(deployment.name, "stopped"),
                ", ".join(deployment.aliases),
                " ".join(f"{key}={value}" for key, value in _public(deployment.options).items()),
            )
            for deployment in everything
        ],
    )
    for deployment in everything:
        detail = known[deployment.name].detail if deployment.name in known else ""
        if detail:
            print(f"\n{deployment.name}: {detail}")


def _settled(place: Place, name: str) -> tuple[str, str]:
    """Wait for the running server to have started (or not) what was written; state and trouble of `name`."""
    import time

    from pleiade.registry import deployments_version
    from pleiade.supervisor import is_running
    from pleiade.supervisor.supervisor import GATEWAYS_NOTICE_S
    from pleiade.supervisor.table import read_followed, read_table

    wanted = deployments_version(place.db)
    while is_running(place.home):
        followed = read_followed(place.home.followed)
        if followed.version >= wanted and name not in followed.pending:
            time.sleep(GATEWAYS_NOTICE_S)  # then the gateways know it too
            break
        time.sleep(0.05)
    for endpoint in read_table(place.home.endpoints).endpoints:
        if endpoint.deployment == name:
            return endpoint.state.value, endpoint.detail
    return "", ""


def _options(pairs: list[str]) -> Options:
    options: Options = {}
    for pair in pairs:
        key, sign, value = pair.partition("=")
        if not (key and sign):
            fail(f"--option {pair!r}: write KEY=VALUE")
        options[key] = _value(value)
    return options


def _value(text: str) -> str | int | float | bool:
    """true and false, numbers, else text."""
    if text in ("true", "false"):
        return text == "true"
    for number in (int, float):
        try:
            return number(text)
        except ValueError:
            continue
    return text


def _model(place: Place, model_id: str, engine: str, options: Options) -> "Model":
    """The registered model; for an engine that is given a URL, a model that lives there needs no adding."""
    from pleiade.registry import RegistryError, add_model, get_model, remote_model

    try:
        return get_model(place.db, model_id)
    except RegistryError:
        url = options.get("url")
        if not engine or not isinstance(url, str):
            raise
        return add_model(place.db, remote_model(url, model_id=model_id))


def _engine(place: Place, name: str, model: "Model", engine: str, options: Options) -> str:
    """The engine asked for, or the first that can serve the model; asked before anything is written.

    Raises EngineError where it cannot, with each engine's reason.
    """
    from pleiade.domain import Deployment, ModelFormat
    from pleiade.engines.base import EngineError
    from pleiade.engines.catalogue import ENGINES
    from pleiade.registry import get_model

    if engine and engine not in ENGINES:
        raise EngineError(f"there is no engine {engine!r}; this Pleiade has: {', '.join(sorted(ENGINES))}")
    adapters: dict[str, str] = {}
    if model.format is ModelFormat.ADAPTER:  # it runs in the engine of its base: that one must take it
        adapters, model = {model.id: model.path}, get_model(place.db, model.base)
    reasons = []
    for candidate in [engine] if engine else ENGINES:
        deployment = Deployment(name=name, model=model.id, engine=candidate, options=options)
        try:
            ENGINES[candidate].plan(
                deployment,
                model,
                port=1,
                token="",
                queue_limit=place.settings.queue_limit,
                adapters=adapters,
            )
            if candidate in ("text_openvino", "reward_openvino"):
                _require_readable(model)
        except EngineError as error:
            reasons.append(f"{candidate}: {error}")
        else:
            return candidate
    raise EngineError("\n  ".join([f"{model.id} cannot be deployed so:", *reasons]))


def _require_readable(model: "Model") -> None:
    """Look at shapes and storage types, not at weights. Raises EngineError where it cannot load them."""
    from pleiade.domain import ModelKind
    from pleiade.engines.base import EngineError
    from pleiade.engines.text_openvino.files.weights import open_checkpoint

    try:
        open_checkpoint(model.path, scores=model.kind is ModelKind.REWARD)
    except ValueError as error:
        raise EngineError(str(error)) from error


def _shown(deployment: "Deployment") -> dict[str, object]:
    import msgspec

    return {**msgspec.structs.asdict(deployment), "options": _public(deployment.options)}


def _public(options: "Mapping[str, object]") -> dict[str, object]:
    """Options without what opens another service."""
    hidden = ("key", "token", "secret", "password")
    return {
        name: "…" if any(name.lower().endswith(word) for word in hidden) else value for name, value in options.items()
    }
