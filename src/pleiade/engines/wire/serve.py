"""The life of a worker process: listen, load, answer, drain, exit.

It listens before it loads, so that the supervisor sees "loading" rather than a refused connection.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import uvicorn

from pleiade.engines.base import ENGINE_TOKEN_VARIABLE
from pleiade.engines.wire.app import EngineApp, Service

LIFELINE_VARIABLE = "PLEIADE_LIFELINE_FD"
LOAD_FAILED = 3  # exit status where the model could not be loaded; stderr says why

log = logging.getLogger("pleiade.engine")


class LoadError(Exception):
    """The model cannot be served; the message says why and what to do."""


def serve(
    load: Callable[[asyncio.AbstractEventLoop], Service],
    *,
    port: int,
    host: str = "127.0.0.1",
    max_body_bytes: int = 64 << 20,
    drain_s: float = 30.0,
) -> int:
    """Run a worker until SIGTERM, SIGINT or the end of the supervisor; returns the exit status.

    `load` runs in a thread and gets the event loop that will answer requests. An exception from it, LoadError or
    another, ends the process with LOAD_FAILED and its message on stderr.
    """
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    config = uvicorn.Config(
        app=_refuse,
        host=host,
        port=port,
        http="httptools",
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        ws="none",
        lifespan="off",
        access_log=False,
        log_config=None,
        log_level="warning",
        date_header=False,
        server_header=False,
        backlog=4096,
        timeout_keep_alive=120,  # the gateway, who asks, should be the one who closes
    )
    runner = asyncio.Runner(loop_factory=config.get_loop_factory())
    with runner:
        return runner.run(_run(config, load, max_body_bytes, drain_s))


async def _refuse(scope: object, receive: object, send: object) -> None:
    """Stands in the configuration until the real application exists inside the running loop."""


async def _run(
    config: uvicorn.Config,
    load: Callable[[asyncio.AbstractEventLoop], Service],
    max_body_bytes: int,
    drain_s: float,
) -> int:
    loop = asyncio.get_running_loop()
    app = EngineApp(token=os.environ.get(ENGINE_TOKEN_VARIABLE, ""), max_body_bytes=max_body_bytes)
    config.app = app
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:
        if serving.done():
            serving.result()
            return 1
        await asyncio.sleep(0.005)
    stop = asyncio.Event()
    # After uvicorn has set its own handlers, which would close the door: ours answer 503 and let answers finish.
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    _watch_lifeline(loop, stop)

    status = 0
    stopping = asyncio.create_task(stop.wait())
    loading = loop.run_in_executor(None, load, loop)
    ends: list[asyncio.Future[Any]] = [loading, stopping, serving]
    await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    if loading.done():
        try:
            app.service = loading.result()
        except LoadError as error:
            print(f"cannot load the model: {error}", file=sys.stderr, flush=True)  # noqa: T201
            status = LOAD_FAILED
        except Exception:
            log.exception("cannot load the model")
            status = LOAD_FAILED
        else:
            await asyncio.wait([stopping, serving], return_when=asyncio.FIRST_COMPLETED)

    app.draining = True
    await _drain(app, drain_s if status == 0 else 0.0)
    server.should_exit = True
    if not serving.done():
        server.force_exit = True  # idle connections of gateways are not worth waiting for
        await serving
    if app.service is not None:
        app.service.close()
    if not loading.done():  # a thread cannot be cancelled, and nobody waits for what it loads
        os._exit(0)
    return status


async def _drain(app: EngineApp, seconds: float) -> None:
    """Wait until the running answers are complete, at most `seconds`."""
    try:
        await asyncio.wait_for(app.idle.wait(), seconds)
    except TimeoutError:
        if seconds:
            log.warning("%d answers cut after %g s of draining", app.running, seconds)


def _watch_lifeline(loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
    """Drain when the supervisor is gone: then the pipe whose write end it holds comes to its end."""
    number = os.environ.get(LIFELINE_VARIABLE, "")
    if not number.isdigit():
        return
    lifeline = int(number)
    os.set_blocking(lifeline, False)

    def readable() -> None:
        if not os.read(lifeline, 1):
            loop.remove_reader(lifeline)
            stop.set()

    loop.add_reader(lifeline, readable)
