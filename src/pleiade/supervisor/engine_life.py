"""The life of one deployment's engine: started, watched, started again, drained."""

import asyncio
import os
import secrets
import time
from collections.abc import Callable, Mapping

import msgspec

from pleiade.domain import Deployment, Endpoint, EndpointState, Model
from pleiade.engines.base import ENGINE_TOKEN_VARIABLE, Engine, EngineError, Process, Remote
from pleiade.registry.styles import styles_of
from pleiade.supervisor.adapters import Adapters, Place
from pleiade.supervisor.backoff import Backoff
from pleiade.supervisor.child import Child, start_child
from pleiade.supervisor.health import status_of
from pleiade.supervisor.home import Home
from pleiade.supervisor.listen import free_port

READY_POLL_S = 0.03
WATCH_EVERY_S = 2.0
WATCH_TIMEOUT_S = 10.0  # a machine under heavy load is slow, not hung
WATCH_FAILURES = 3  # in a row, then the engine is taken for hung
AFTER_DRAIN_S = 2.0  # an engine that ignores its drain is killed this much later
NOT_FOR_ENGINES = ("PLEIADE_DATABASE_URL",)  # an engine knows no customer


class Spec(msgspec.Struct, frozen=True):
    """What an engine is started from; two equal specs need no restart (who may call it, and how, may differ)."""

    deployment: Deployment  # without aliases, traffic, projects and policy
    model: Model
    adapters: tuple[tuple[str, str], ...] = ()  # name, folder


class Surroundings(msgspec.Struct, frozen=True):
    """What every engine's life shares."""

    home: Home
    engines: Mapping[str, Engine]
    queue_limit: int
    lifeline: int
    changed: Callable[[], None]  # an endpoint or the set of children is not what it was
    watch_every_s: float = WATCH_EVERY_S
    watch_timeout_s: float = WATCH_TIMEOUT_S


class EngineLife:
    """One engine, from its first start to its end. `endpoint` is always what a gateway should know of it."""

    def __init__(self, spec: Spec, surroundings: Surroundings) -> None:
        self.spec = spec
        self._around = surroundings
        self._token = secrets.token_urlsafe(32)
        self._backoff = Backoff()
        self._healthy_since = 0.0
        self._adapters = Adapters(surroundings.changed)
        self.child: Child | None = None
        self.endpoint = self._endpoint(EndpointState.STARTING)
        self.settled = asyncio.Event()  # it was ready, or failed, for the first time
        self._task = asyncio.create_task(self._live(), name=f"engine {spec.deployment.name}")

    @property
    def ready(self) -> bool:
        """Whether requests may go to it now."""
        return self.endpoint.state is EndpointState.READY

    def can_become(self, spec: Spec) -> bool:
        """Whether the running engine can be what `spec` says without a new start: other adapters, and no more."""
        same = self.spec.deployment == spec.deployment and self.spec.model == spec.model
        return same and self.ready and self._adapters.can_change

    def become(self, spec: Spec) -> None:
        """Load and forget adapters until they are those of `spec`, which later starts begin with."""
        self.spec = spec
        self._adapters.want(dict(spec.adapters))

    def adapter(self, name: str, endpoint: Endpoint) -> Endpoint:
        """`endpoint`, the one of an adapter in this engine, as far as the adapter is."""
        if endpoint.state is not EndpointState.READY or self._adapters.has(name):
            return endpoint
        if refused := self._adapters.refused.get(name):
            why = f"its adapter cannot be loaded: {refused}"
            return msgspec.structs.replace(endpoint, state=EndpointState.FAILED, detail=why)
        return msgspec.structs.replace(endpoint, state=EndpointState.STARTING)

    async def stop(self, drain_s: float) -> None:
        """Let it finish what it answers (at most `drain_s` seconds), then end it. Never starts it again."""
        self._set(msgspec.structs.replace(self.endpoint, state=EndpointState.DRAINING))
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        if self.child is None or not self.child.alive:
            return
        await self.child.finish(drain_s + AFTER_DRAIN_S)
        self._around.changed()

    def kill(self) -> None:
        """End it at once (a second Ctrl-C)."""
        if self.child is not None:
            self.child.kill()

    async def _live(self) -> None:
        while True:
            self._healthy_since = 0.0
            try:
                reason = await self._serve()
            except EngineError as error:
                reason = str(error)
            except OSError as error:
                reason = f"cannot be started: {error}"
            lived_s = time.monotonic() - self._healthy_since if self._healthy_since else 0.0
            delay = self._backoff.after_death(lived_s)
            self._set(self._endpoint(EndpointState.FAILED, detail=reason))
            self.settled.set()
            await asyncio.sleep(delay)

    async def _serve(self) -> str:
        """Start the engine and stay until it ends; how it ended, with its last words."""
        detail = self.endpoint.detail  # of its last death: an operator sees it until it is ready again
        self._set(self._endpoint(EndpointState.STARTING, detail=detail))
        port = free_port()
        begun_with = dict(self.spec.adapters)
        try:
            plan = await asyncio.to_thread(self._plan, port)
        except EngineError:
            raise
        except Exception as error:  # a fault in an engine's plan must not end the life of its deployment
            raise EngineError(f"{self.spec.deployment.engine} cannot plan this: {error!r}") from error
        if isinstance(plan, Remote):
            self._become_ready(self._remote_endpoint(plan))
            await asyncio.Event().wait()  # nothing of ours can die there
        assert isinstance(plan, Process)
        child = await self._start(plan)
        ended = asyncio.create_task(child.ended())
        try:
            if await self._became_healthy(plan, port, ended):
                place = Place(port, plan.base_path, plan.headers)
                self._adapters.begin(place if plan.loads_adapters else None, begun_with)
                self._become_ready(self._process_endpoint(plan, port))
                if plan.loads_adapters:
                    self._adapters.want(dict(self.spec.adapters))  # they may have changed while it started
                trouble = await self._watched(plan, port, child, ended)
            else:
                trouble = "" if ended.done() else f"was not ready after {plan.ready_timeout_s:g} s"
            if trouble:
                child.kill()
            reason = trouble or await ended
            await ended
            child.sweep()
        except asyncio.CancelledError:
            ended.cancel()
            raise
        finally:
            self._adapters.end()
        self._around.changed()
        return f"the engine of {self.spec.deployment.name} {reason}\n{child.last_lines()}".rstrip()

    def _plan(self, port: int) -> Process | Remote:
        deployment = self.spec.deployment
        engine = self._around.engines.get(deployment.engine)
        if engine is None:
            known = ", ".join(sorted(self._around.engines))
            raise EngineError(f"there is no engine {deployment.engine!r}; this Pleiade has: {known}")
        return engine.plan(
            deployment,
            self.spec.model,
            port=port,
            token=self._token,
            queue_limit=self._around.queue_limit,
            adapters=dict(self.spec.adapters),
        )

    async def _start(self, plan: Process) -> Child:
        env = {name: value for name, value in os.environ.items() if name not in NOT_FOR_ENGINES}
        self.child = await start_child(
            plan.argv,
            env={**env, ENGINE_TOKEN_VARIABLE: self._token, **plan.env},
            log=self._around.home.logs / f"{_file_name(self.spec.deployment.name)}.log",
            lifeline=self._around.lifeline,
        )
        self._around.changed()
        return self.child

    async def _became_healthy(self, plan: Process, port: int, ended: asyncio.Task[str]) -> bool:
        deadline = time.monotonic() + plan.ready_timeout_s
        while not ended.done() and time.monotonic() < deadline:
            if await status_of(port, plan.health_path, plan.headers, self._around.watch_timeout_s) == 200:
                return True
            await asyncio.wait([ended], timeout=READY_POLL_S)
        return False

    async def _watched(self, plan: Process, port: int, child: Child, ended: asyncio.Task[str]) -> str:
        """Stay while it answers; "" once it ended by itself, else why it must be killed."""
        failures = 0
        while True:
            await asyncio.wait([ended], timeout=self._around.watch_every_s)
            if ended.done():
                return ""
            child.rotate_log()
            healthy = await status_of(port, plan.health_path, plan.headers, self._around.watch_timeout_s) == 200
            failures = 0 if healthy else failures + 1
            if failures >= WATCH_FAILURES and not ended.done():
                return f"did not answer {failures} health checks in a row and was killed"

    def _become_ready(self, endpoint: Endpoint) -> None:
        self._healthy_since = time.monotonic()
        self._set(endpoint)
        self.settled.set()

    def _set(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._around.changed()

    def _endpoint(self, state: EndpointState, detail: str = "") -> Endpoint:
        deployment, model = self.spec.deployment, self.spec.model
        return Endpoint(
            deployment=deployment.name,
            model=model.id,
            kind=model.kind.value,
            engine=deployment.engine,
            state=state,
            context_length=model.context_length,
            styles=styles_of(model),
            licence=model.licence,
            created=deployment.created,
            detail=detail,
        )

    def _remote_endpoint(self, plan: Remote) -> Endpoint:
        return msgspec.structs.replace(
            self._endpoint(EndpointState.READY),
            url=plan.url.rstrip("/"),
            tells_usage=plan.tells_usage,
            query=plan.query,
            headers=plan.headers,
            send_model=plan.send_model,
            rewrite_model=plan.rewrite_model,
            extra_usage=plan.extra_usage,
            usage_per_choice=plan.usage_per_choice,
        )

    def _process_endpoint(self, plan: Process, port: int) -> Endpoint:
        return msgspec.structs.replace(
            self._endpoint(EndpointState.READY),
            url=f"http://127.0.0.1:{port}{plan.base_path}",
            tells_usage=plan.tells_usage,
            headers=plan.headers,
            send_model=plan.send_model,
            rewrite_model=plan.rewrite_model,
            extra_usage=plan.extra_usage,
            usage_per_choice=plan.usage_per_choice,
        )


def _file_name(deployment: str) -> str:
    """A deployment's name as a file name: its characters are safe, but ':' is not everywhere."""
    return deployment.replace(":", "_")
