"""All children of one `pleiade up`, kept in step with the deployments in the database."""

import asyncio
import os
import secrets
import socket
import sys
from collections.abc import Callable, Mapping, Sequence

import msgspec
import sqlalchemy as sa

from pleiade.domain import Deployment, Endpoint, EndpointState, EndpointTable, Model, Traffic
from pleiade.engines.base import Engine
from pleiade.registry import deployments_version, list_deployments, list_models
from pleiade.registry.hosts import host_of, is_adapter
from pleiade.settings import ORIGINS_VARIABLE, Origin, Settings
from pleiade.store import StoreError
from pleiade.supervisor.child import Child
from pleiade.supervisor.engine_life import (
    WATCH_EVERY_S,
    WATCH_TIMEOUT_S,
    EngineLife,
    Spec,
    Surroundings,
)
from pleiade.supervisor.home import Home, clean_metrics
from pleiade.supervisor.listen import url_of
from pleiade.supervisor.orphans import record_children
from pleiade.supervisor.pulsed import HUNG_AFTER_S, Pulsed
from pleiade.supervisor.table import (
    Followed,
    adapter_endpoint,
    write_followed,
    write_table,
)

POLL_S = 0.5  # between two looks at the database's version
PUBLISH_DELAY_S = 0.01  # changes of one moment are one table; also more than a file system's clock tick
RETRY_S = 1.0  # after a table that could not be written (a full disk)
GATEWAYS_NOTICE_S = 0.4  # gateways read the table every 0.1 to 0.2 s; an engine leaves only after that
GATEWAY_COMMAND = (sys.executable, "-m", "pleiade.gateway")
KEEPER_COMMAND = (sys.executable, "-m", "pleiade.keeper")
JOBS_COMMAND = (sys.executable, "-m", "pleiade.jobs")
KEEPER_HUNG_AFTER_S = 120.0  # one transaction may wait long for a database


class Supervisor:
    """Starts everything in `start`, keeps it alive until `stop`.

    `engines` are the kinds of engine that deployments may name; `report` hears of each change of an endpoint,
    `warn` of what an operator should know.
    """

    def __init__(
        self,
        settings: Settings,
        home: Home,
        db: sa.Engine,
        listener: socket.socket,
        *,
        engines: Mapping[str, Engine],
        report: Callable[[Endpoint], None] = lambda endpoint: None,
        warn: Callable[[str], None] = lambda message: None,
        gateway_command: Sequence[str] = GATEWAY_COMMAND,
        keeper_command: Sequence[str] = KEEPER_COMMAND,
        jobs_command: Sequence[str] = JOBS_COMMAND,
        watch_every_s: float = WATCH_EVERY_S,
        watch_timeout_s: float = WATCH_TIMEOUT_S,
        hung_after_s: float = HUNG_AFTER_S,
        origins: Mapping[str, Origin] | None = None,
    ) -> None:
        self._settings = settings
        self._origins = dict(origins or {})
        self._home = home
        self._db = db
        self._listener = listener
        self._report = report
        self._warn = warn
        self._gateway_command = gateway_command
        self._keeper_command = keeper_command
        self._jobs_command = jobs_command
        self._house_token = f"house-{secrets.token_hex(32)}"  # by which gateways know the runner of jobs
        self._hung_after_s = hung_after_s
        self._lifeline_read, self._lifeline_write = os.pipe()  # children hold the read end, we the write end
        self._around = Surroundings(
            home=home,
            engines=engines,
            queue_limit=settings.queue_limit,
            lifeline=self._lifeline_read,
            changed=self._changed,
            watch_every_s=watch_every_s,
            watch_timeout_s=watch_timeout_s,
        )
        self._deployments: list[Deployment] = []
        self._models: dict[str, Model] = {}
        self._lives: dict[str, EngineLife] = {}
        self._successors: dict[str, EngineLife] = {}  # start beside the old engine, which serves until then
        self._leaving: dict[asyncio.Task[None], EngineLife] = {}
        self._gateways: list[Pulsed] = []
        self._keeper: Pulsed | None = None
        self._jobs: Pulsed | None = None
        self._published: tuple[Endpoint, ...] | None = None
        self._version = 0
        self._seen = 0
        self._followed = Followed()
        self._stopped = False
        self._publication: asyncio.TimerHandle | None = None
        self._follower: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Start all engines and gateways; returns at once. Raises StoreError."""
        clean_metrics(self._home.metrics)
        self._seen = deployments_version(self._db)
        self._reconcile(list_deployments(self._db), list_models(self._db))
        self._publish()
        for number in range(1, self._settings.workers + 1):
            gateway = Pulsed(
                f"gateway {number}",
                command=[*self._gateway_command, "--fd", str(self._listener.fileno())],
                env=self._child_env(),
                home=self._home,
                descriptors=[self._listener.fileno()],
                lifeline=self._lifeline_read,
                changed=self._changed,
                hung_after_s=self._hung_after_s,
            )
            self._gateways.append(gateway)
        self._keeper = Pulsed(
            "keeper",
            command=self._keeper_command,
            env=self._child_env(),
            home=self._home,
            needed=False,  # without it entries wait in their journals
            lifeline=self._lifeline_read,
            changed=self._changed,
            hung_after_s=KEEPER_HUNG_AFTER_S,
        )
        self._jobs = Pulsed(
            "jobs",
            command=self._jobs_command,
            env={**self._child_env(), "PLEIADE_API": url_of(self._listener)},
            home=self._home,
            needed=False,  # without it jobs wait in their queue
            lifeline=self._lifeline_read,
            changed=self._changed,
            hung_after_s=KEEPER_HUNG_AFTER_S,
        )
        self._follower = asyncio.create_task(self._follow(), name="follow deployments")

    async def settled(self) -> None:
        """Wait until every gateway serves and every engine is ready or has failed once.

        Raises SupervisorError where a gateway cannot start.
        """
        engines = [life.settled.wait() for life in self._lives.values()]
        await asyncio.gather(*(gateway.first_ready for gateway in self._gateways), *engines)
        self._publish()  # who waited for this may read the table at once

    def endpoints(self) -> tuple[Endpoint, ...]:
        """The table as it is now."""
        return tuple(
            self._adapter_endpoint(deployment) if self._adapts(deployment) else self._own_endpoint(deployment)
            for deployment in self._deployments
        )

    def _adapts(self, deployment: Deployment) -> bool:
        return is_adapter(deployment, self._models)

    def _host(self, deployment: Deployment) -> str:
        """The deployment whose engine serves `deployment`: itself, but for most adapters."""
        if not self._adapts(deployment):
            return deployment.name
        return host_of(deployment, self._deployments, self._models).name

    def _adapter_endpoint(self, deployment: Deployment) -> Endpoint:
        host, model = self._host(deployment), self._models[deployment.model]
        there = adapter_endpoint(deployment, model, self._engine_endpoint(host))
        return self._lives[host].adapter(model.id, there)

    def _engine_endpoint(self, name: str) -> Endpoint:
        endpoint = self._lives[name].endpoint
        successor = self._successors.get(name)
        if successor is not None and successor.endpoint.detail:
            why = f"serves as before its last change, which does not start: {successor.endpoint.detail}"
            endpoint = msgspec.structs.replace(endpoint, detail=why)
        return endpoint

    def _own_endpoint(self, deployment: Deployment) -> Endpoint:
        return msgspec.structs.replace(
            self._engine_endpoint(deployment.name),
            aliases=deployment.aliases,
            traffic=deployment.traffic,
            projects=deployment.projects,
            policy=deployment.policy,
            priced_as=self._models[deployment.model].base,
        )

    async def stop(self) -> None:
        """Drain: gateways finish their answers, then engines end, then the books. `kill` meanwhile cuts it short."""
        if self._stopped:
            return
        self._stopped = True
        if self._follower is not None:
            self._follower.cancel()
        self._listener.close()
        drain_s = self._settings.drain_s
        if self._jobs is not None:  # first: it gives back what it does, and asks for nothing more
            await self._jobs.stop(drain_s)
        await asyncio.gather(*(gateway.stop(drain_s) for gateway in self._gateways))
        lives = [*self._lives.values(), *self._successors.values()]
        await asyncio.gather(*(life.stop(1.0) for life in lives), *self._leaving)  # nobody asks them any more
        if self._keeper is not None:  # last: it ships what the gateways have written
            await self._keeper.stop(drain_s)
        if self._publication is not None:
            self._publication.cancel()
        self._home.endpoints.unlink(missing_ok=True)
        self._home.followed.unlink(missing_ok=True)
        self._home.children.unlink(missing_ok=True)
        os.close(self._lifeline_write)
        os.close(self._lifeline_read)

    def kill(self) -> None:
        """End every child at once; `stop` then returns soon."""
        for pulsed in self._pulsed():
            pulsed.kill()
        for life in self._all_lives():
            life.kill()

    async def _follow(self) -> None:
        """Look for changed deployments twice a second; a database that is away changes nothing."""
        while True:
            await asyncio.sleep(POLL_S)
            try:
                now = await asyncio.to_thread(deployments_version, self._db)
                if now == self._seen:
                    continue
                deployments = await asyncio.to_thread(list_deployments, self._db)
                models = await asyncio.to_thread(list_models, self._db)
            except StoreError as error:
                self._warn(f"deployments cannot be read, going on with those known: {error}")
                continue
            self._seen = now
            self._reconcile(deployments, models)
            self._changed()

    def _reconcile(self, deployments: list[Deployment], models: list[Model]) -> None:
        """Start what is new, replace what changed, let go what was removed."""
        self._models = {model.id: model for model in models}
        self._deployments = [deployment for deployment in deployments if deployment.model in self._models]
        specs = self._specs()
        for name in [name for name in self._lives if name not in specs]:
            self._let_go(self._lives.pop(name))
        for name in [name for name in self._successors if specs.get(name) != self._successors[name].spec]:
            self._let_go(self._successors.pop(name))
        for name, spec in specs.items():
            if name not in self._lives:
                self._lives[name] = EngineLife(spec, self._around)
            elif self._lives[name].spec == spec:
                if name in self._successors:
                    self._let_go(self._successors.pop(name))  # the change was taken back
            elif self._lives[name].can_become(spec) and name not in self._successors:
                self._lives[name].become(spec)
            elif not self._lives[name].ready:
                self._let_go(self._lives[name])
                self._lives[name] = EngineLife(spec, self._around)
            elif name not in self._successors:
                self._successors[name] = EngineLife(spec, self._around)

    def _specs(self) -> dict[str, Spec]:
        """What each engine must be started from: its deployment's model, or the base of that, and adapters."""
        adapters: dict[str, dict[str, str]] = {}
        for deployment in filter(self._adapts, self._deployments):
            model = self._models[deployment.model]
            adapters.setdefault(self._host(deployment), {})[model.id] = model.path
        return {
            deployment.name: self._spec(deployment, adapters.get(deployment.name, {}))
            for deployment in self._deployments
            if self._host(deployment) == deployment.name
        }

    def _spec(self, deployment: Deployment, adapters: Mapping[str, str]) -> Spec:
        model = self._models[deployment.model]
        if self._adapts(deployment):
            model = self._models[model.base]
        plain = {"aliases": (), "traffic": Traffic(), "projects": (), "policy": None}
        return Spec(
            deployment=msgspec.structs.replace(deployment, model=model.id, **plain),
            model=model,
            adapters=tuple(sorted(adapters.items())),
        )

    def _let_go(self, life: EngineLife) -> None:
        async def leave() -> None:
            await asyncio.sleep(GATEWAYS_NOTICE_S)
            await life.stop(self._settings.drain_s)

        task = asyncio.create_task(leave(), name=f"let go {life.spec.deployment.name}")
        self._leaving[task] = life
        task.add_done_callback(lambda done: self._leaving.pop(done, None))

    def _changed(self) -> None:
        """Something is not what it was: publish it a moment later, together with what changes meanwhile."""
        if self._publication is None:
            loop = asyncio.get_running_loop()
            self._publication = loop.call_later(PUBLISH_DELAY_S, self._publish)

    def _publish(self) -> None:
        if self._publication is not None:
            self._publication.cancel()
            self._publication = None
        for name in [name for name, life in self._successors.items() if life.ready]:
            self._let_go(self._lives[name])
            self._lives[name] = self._successors.pop(name)
        endpoints = self.endpoints()
        before = {endpoint.deployment: endpoint for endpoint in self._published or ()}
        try:
            record_children(self._home.children, self._children())
            if endpoints != self._published:
                self._version += 1
                write_table(self._home.endpoints, EndpointTable(version=self._version, endpoints=endpoints))
                self._published = endpoints
            self._tell_progress()  # after the table, which its reader reads next
        except OSError as error:
            self._warn(f"the table of endpoints cannot be written, trying again: {error}")
            self._publication = asyncio.get_running_loop().call_later(RETRY_S, self._publish)
            return
        for endpoint in endpoints:
            if before.get(endpoint.deployment) != endpoint:
                self._report(endpoint)

    def _tell_progress(self) -> None:
        """Let `pleiade deploy` know what is settled."""
        lives = {**self._lives, **self._successors}
        pending = {name for name, life in lives.items() if not life.settled.is_set()}
        for deployment in filter(self._adapts, self._deployments):  # as far as the engine that loads it
            if self._host(deployment) in pending or deployment.name in self._coming():
                pending.add(deployment.name)
        followed = Followed(self._seen, tuple(sorted(pending)))
        if followed != self._followed:
            write_followed(self._home.followed, followed)
            self._followed = followed

    def _coming(self) -> set[str]:
        """Deployments of adapters that a running engine is about to load."""
        return {
            deployment.name
            for deployment in filter(self._adapts, self._deployments)
            if self._adapter_endpoint(deployment).state is EndpointState.STARTING
        }

    def _all_lives(self) -> list[EngineLife]:
        return [*self._lives.values(), *self._successors.values(), *self._leaving.values()]

    def _pulsed(self) -> list[Pulsed]:
        return [*self._gateways, *(one for one in (self._keeper, self._jobs) if one is not None)]

    def _children(self) -> list[Child]:
        children = [pulsed.child for pulsed in self._pulsed()]
        children += [life.child for life in self._all_lives()]
        return [child for child in children if child is not None]

    def _child_env(self) -> dict[str, str]:
        settings = {
            f"PLEIADE_{name.upper()}": str(value)
            for name, value in msgspec.structs.asdict(self._settings).items()
            if value != ""
        }
        token = {"PLEIADE_HOUSE_TOKEN": self._house_token}
        home = {"PLEIADE_HOME": str(self._home.path), "PROMETHEUS_MULTIPROC_DIR": str(self._home.metrics)}
        origins = {ORIGINS_VARIABLE: msgspec.json.encode(self._origins).decode()}
        return {**os.environ, **settings, **token, **home, **origins}
