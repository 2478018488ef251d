"""A gateway process: `python -m pleiade.gateway --fd N --pulse-fd M`, started by the supervisor.

The listening socket is inherited, settings come from PLEIADE_* variables. SIGTERM, SIGINT, or the end of the
supervisor (seen through PLEIADE_LIFELINE_FD) drain: no new connection, running answers finish.
"""

import argparse
import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import sys
from collections.abc import Iterator

import uvicorn

from pleiade.gateway.app import Gateway, create_app
from pleiade.gateway.commerce import open_commerce
from pleiade.gateway.rooms import production_rooms
from pleiade.settings import Settings, SettingsError, load_settings

LIFELINE_VARIABLE = "PLEIADE_LIFELINE_FD"
TOKEN_VARIABLE = "PLEIADE_HOUSE_TOKEN"  # what our own runner of jobs shows
BEAT_EVERY_S = 2.0

logger = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """uvicorn's server, leaving signals to us (its own handler raises them again once it is done)."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture nothing."""
        yield


async def serve(gateway: Gateway, listener: socket.socket, *, pulse_fd: int | None, lifeline_fd: int | None) -> int:
    """Serve until told to stop; gives the exit status.

    Writes `ready` to `pulse_fd` once it answers, then a beat every two seconds: the supervisor sees that we hang.
    """
    settings = gateway.settings
    config = uvicorn.Config(
        gateway,
        loop="uvloop" if sys.platform != "win32" else "asyncio",
        http="httptools",
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=75,
        # The watch ends what still runs after drain_s, and tells the clients; this is for what even that
        # cannot end.
        timeout_graceful_shutdown=int(settings.drain_s) + 5,
    )
    server = _Server(config)
    loop = asyncio.get_running_loop()

    def stop() -> None:
        if not server.should_exit:
            gateway.watch.drain(settings.drain_s)
            server.should_exit = True

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    if lifeline_fd is not None:

        def lifeline() -> None:
            if not os.read(lifeline_fd, 1):  # end of file: the supervisor is gone
                loop.remove_reader(lifeline_fd)
                stop()

        loop.add_reader(lifeline_fd, lifeline)
    # What start-up made lives as long as the process: looking through it at every collection would only cost.
    gc.collect()
    gc.freeze()
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started and not serving.done():  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    beating = None
    if server.started and pulse_fd is not None:
        os.write(pulse_fd, b"ready\n")
        beating = asyncio.create_task(_beat(pulse_fd))
    await serving
    if beating is not None:
        beating.cancel()
    return 0 if server.started else 1


async def _beat(pulse_fd: int) -> None:
    """Show that the event loop turns, for as long as somebody listens."""
    os.set_blocking(pulse_fd, False)
    while True:
        await asyncio.sleep(BEAT_EVERY_S)
        try:
            os.write(pulse_fd, b".")
        except BlockingIOError:  # the supervisor stands still; not our fault
            continue
        except OSError:
            return


def _configure_logging(settings: Settings) -> None:
    """The process's own log lines beside the request log, on standard error."""
    handler = logging.StreamHandler()
    if settings.log_format == "json":
        handler.setFormatter(_JsonFormatter())
    else:
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=settings.log_level.upper(), handlers=[handler])
    for chatty in ("uvicorn.error", "uvicorn", "alembic", "opentelemetry"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.getLogger().level))


class _JsonFormatter(logging.Formatter):
    """One JSON object a line, like the request log."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON, with its traceback if it has one."""
        import msgspec

        line: dict[str, object] = {
            "time": round(record.created, 3),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return msgspec.json.encode(line).decode()


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, serve, and give the exit status."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.gateway", description="Serve one gateway process.")
    parser.add_argument("--fd", type=int, help="inherited listening socket; without it, --host and --port bind one")
    parser.add_argument("--pulse-fd", type=int, help="file descriptor for `ready` and for signs of life")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings()
    except SettingsError as error:
        parser.exit(2, f"{error}\n")
    _configure_logging(settings)
    if options.fd is not None:
        listener = socket.socket(fileno=options.fd)
    else:
        try:
            listener = socket.create_server((settings.host, settings.port), backlog=2048)
        except OSError as error:
            where = f"{settings.host}:{settings.port}"
            parser.exit(2, f"{where} cannot be opened ({error.strerror}): choose another PLEIADE_PORT\n")
    lifeline = os.environ.get(LIFELINE_VARIABLE)
    token = os.environ.get(TOKEN_VARIABLE, "")
    rooms = production_rooms(settings)
    gateway = create_app(settings, rooms=rooms, commerce=open_commerce(settings), house_token=token)

    async def run() -> int:
        return await serve(
            gateway, listener, pulse_fd=options.pulse_fd, lifeline_fd=int(lifeline) if lifeline else None
        )

    if sys.platform == "win32":
        return asyncio.run(run())
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(run())


if __name__ == "__main__":
    sys.exit(main())
