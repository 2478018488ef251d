"""A supervisor over scripted engines in a process of its own, to be killed: python launcher.py HOME."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from pathlib import Path

from pleiade.domain import Deployment, Model
from pleiade.engines.base import EngineError, Process, Remote
from pleiade.settings import load_settings
from pleiade.store import migrate, open_database
from pleiade.supervisor import Supervisor, bind, lock_home, prepare_home, url_of
from pleiade.supervisor.orphans import end_orphans

HERE = Path(__file__).parent
GATEWAY = (sys.executable, str(HERE / "toy_gateway.py"))


class ScriptedEngine:
    """Starts toy_engine.py; a deployment's options become its arguments."""

    name = "scripted"

    def plan(
        self,
        deployment: Deployment,
        model: Model,
        *,
        port: int,
        token: str,
        queue_limit: int,
        adapters: Mapping[str, str],
    ) -> Process | Remote:
        if "refuse" in deployment.options:
            raise EngineError(f"{model.id} has the wrong shape: convert it")
        if "crash" in deployment.options:
            1 / 0  # noqa: B018 - a fault of this engine
        if "url" in deployment.options:
            return Remote(url=str(deployment.options["url"]), query="api-version=x", headers={"api-key": "k"})
        arguments = []
        options = {name: value for name, value in deployment.options.items() if name != "hot"}
        for name, value in options.items():
            arguments += [f"--{name.replace('_', '-')}", *([] if value is True else [str(value)])]
        if adapters:
            arguments += ["--adapters", ",".join(sorted(adapters))]
        return Process(
            argv=(sys.executable, str(HERE / "toy_engine.py"), str(port), *arguments),
            headers={"authorization": f"Bearer {token}"},
            loads_adapters="hot" in deployment.options,
        )


async def main(home_path: str) -> None:
    settings = load_settings({"home": home_path, "port": 0, "drain_s": 5.0})
    home = prepare_home(settings.home_path)
    lock = lock_home(home)
    end_orphans(home.children)
    db = open_database(settings.database)
    migrate(db)
    listener = bind(settings.host, settings.port)
    lock.announce(url_of(listener))
    engines = {"scripted": ScriptedEngine()}
    supervisor = Supervisor(settings, home, db, listener, engines=engines, gateway_command=GATEWAY)
    stopping = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopping.set)
    await supervisor.start()
    await supervisor.settled()
    print("settled", flush=True)
    await stopping.wait()
    await supervisor.stop()
    lock.release()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
