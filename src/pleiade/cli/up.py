"""`pleiade up`: everything that serves, until Ctrl-C."""

from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from pleiade.cli.common import HomeOption, told

if TYPE_CHECKING:
    import socket

    import sqlalchemy as sa

    from pleiade.cli.display import Display
    from pleiade.domain import Endpoint
    from pleiade.settings import Origin, Settings
    from pleiade.supervisor import Home


def up(
    home: HomeOption = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on. [default: 127.0.0.1]")] = None,
    port: Annotated[int | None, typer.Option(help="Port, 0 = any free one. [default: 8000]")] = None,
    workers: Annotated[int | None, typer.Option(help="Gateway processes. [default: 1]")] = None,
    contract: Annotated[
        bool, typer.Option("--contract", help="Fixtures for unknown ids: for client test suites only.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print events as JSON lines, for programs.")] = False,
) -> None:
    """Serve the web app, and chat, completions, embeddings and pictures behind OpenAI's and Azure OpenAI's APIs."""
    with told():
        from pleiade.cli.display import Display
        from pleiade.settings import load_settings, origins_of
        from pleiade.supervisor import bind, lock_home, prepare_home, url_of
        from pleiade.supervisor.orphans import end_orphans

        display = Display(as_json=as_json)
        options = {"home": home, "host": host, "port": port, "workers": workers, "contract": contract or None}
        settings = load_settings(options)
        place = prepare_home(settings.home_path)
        lock = lock_home(place)
        try:
            orphans = end_orphans(place.children)  # before binding: they may still hold the port
            if orphans:
                display.warn(f"ended {len(orphans)} processes that a killed `pleiade up` had left behind")
            listener = bind(settings.host, settings.port)
            lock.announce(url_of(listener))
            db, opening = _open(settings, place)
            code = _serve(settings, place, db, listener, display, opening, origins_of(options))
        finally:
            lock.release()
    raise typer.Exit(code)


class Opening(NamedTuple):
    """What lets somebody in for the first time; "" where somebody came in before."""

    key: str
    join_token: str


def _open(settings: "Settings", home: "Home") -> "tuple[sa.Engine, Opening]":
    """The database, with bundled models and default deployments; the admin key and the first invitation if new."""
    from pleiade.registry import adopt_defaults, register_bundled
    from pleiade.store import migrate, open_database
    from pleiade.tenancy.admin_key import ensure_admin_key
    from pleiade.tenancy.first_person import invite_first_person

    db = open_database(settings.database)
    migrate(db)
    register_bundled(db)
    adopt_defaults(db)
    return db, Opening(ensure_admin_key(db, home.admin_key), invite_first_person(db))


def _serve(
    settings: "Settings",
    home: "Home",
    db: "sa.Engine",
    listener: "socket.socket",
    display: "Display",
    opening: Opening,
    origins: "dict[str, Origin]",
) -> int:
    """Run the supervisor until a signal; 0 after a drain, 130 where a second signal cut it short."""
    import asyncio
    import signal

    from pleiade.engines.catalogue import ENGINES
    from pleiade.supervisor import Supervisor, url_of

    async def main() -> int:
        url = url_of(listener)
        supervisor = Supervisor(
            settings,
            home,
            db,
            listener,
            engines=ENGINES,
            report=display.endpoint,
            warn=display.warn,
            origins=origins,
        )
        stopping = asyncio.Event()
        cut = False

        def on_signal() -> None:
            nonlocal cut
            if stopping.is_set():
                cut = True
                supervisor.kill()
            stopping.set()

        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if number is signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue  # started by nohup: it means to outlive its terminal
            loop.add_signal_handler(number, on_signal)
        await supervisor.start()
        try:
            settled = asyncio.create_task(supervisor.settled())
            stopped = asyncio.create_task(stopping.wait())
            await asyncio.wait([settled, stopped], return_when=asyncio.FIRST_COMPLETED)
            if settled.done():
                settled.result()  # raises SupervisorError where a gateway cannot start
                display.loaded()
                display.ready(
                    url=url,
                    new_key=opening.key,
                    key_file=str(home.admin_key),
                    # Behind the #: a browser keeps that to itself, so no log and no proxy sees the token.
                    join_url=f"{url}/join#{opening.join_token}" if opening.join_token else "",
                    first_chat=_first_chat(supervisor.endpoints()),
                    contract=settings.contract,
                )
                await stopped
            settled.cancel()
            display.draining(settings.drain_s)
        finally:
            await supervisor.stop()
        display.stopped()
        return 130 if cut else 0

    return asyncio.run(main())


def _first_chat(endpoints: "tuple[Endpoint, ...]") -> str:
    """Name of a text deployment that is ready, for the example; "" if there is none."""
    from pleiade.domain import EndpointState, ModelKind

    for endpoint in endpoints:
        if endpoint.kind == ModelKind.TEXT.value and endpoint.state is EndpointState.READY:
            return endpoint.deployment
    return ""
