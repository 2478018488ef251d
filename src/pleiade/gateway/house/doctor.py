"""GET /organization/doctor: the checks of `pleiade doctor`, and the bundle for whoever helps."""

import asyncio
import os
import sys
import tempfile
from pathlib import Path

import msgspec
import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION, Actor
from pleiade.gateway.call import Call
from pleiade.gateway.errors import unavailable
from pleiade.gateway.organization.administration import Administration
from pleiade.gateway.routing import Route
from pleiade.settings import Settings
from pleiade.tenancy.change import change

WAIT_S = 120.0
_SAVED = (b"content-disposition", b'attachment; filename="pleiade-diagnostics.zip"')


class Doctor:
    """The routes of the doctor. One examination at a time: it reads weights and loads what an engine loads."""

    def __init__(self, administration: Administration, settings: Settings) -> None:
        self._administration = administration
        self._settings = settings
        self._one = asyncio.Lock()
        self.routes = (
            Route(method="GET", path="/organization/doctor", handler=self.examine),
            Route(method="GET", path="/organization/doctor/bundle", handler=self.bundle),
        )

    async def examine(self, call: Call) -> None:
        """What every check finds now, and what to do about it. Takes seconds. Raises ApiError 503."""
        self._administration.enter(call)
        report = await self._run()
        await call.answer.whole(200, b'{"object":"organization.doctor",' + report[1:])

    async def bundle(self, call: Call) -> None:
        """An archive for whoever helps, without secrets; that it was taken is in the audit log. Raises ApiError 503."""
        self._administration.enter(call)
        actor = await self._administration.actor(call)
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "bundle.zip"
            await self._run("--bundle", str(path))
            data = await asyncio.to_thread(path.read_bytes)
        await self._administration.run(_note, actor)
        await call.answer.whole(200, data, (_SAVED,), b"application/zip")

    async def _run(self, *options: str) -> bytes:
        """The report of a process that has our settings. Raises ApiError 503."""
        set_here = {
            f"PLEIADE_{name.upper()}": str(value)
            for name, value in msgspec.structs.asdict(self._settings).items()
            if value != ""
        }
        async with self._one:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "pleiade.doctor", *options),
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env={**os.environ, **set_here},
            )
            try:
                async with asyncio.timeout(WAIT_S):
                    report, complaint = await process.communicate()
            except TimeoutError as error:
                raise unavailable(f"The doctor did not finish within {WAIT_S:.0f} s: run `pleiade doctor`.") from error
            finally:
                if process.returncode is None:
                    process.kill()
                    await process.wait()
        if process.returncode:
            last = complaint.decode(errors="replace").strip().rpartition("\n")[2]
            raise unavailable(f"The doctor failed ({last[:200]}): run `pleiade doctor` on the machine.")
        return report


def _note(db: sa.Engine, actor: Actor) -> None:
    with change(db, actor) as act:
        act.record("diagnostics.exported", DEFAULT_ORGANISATION, "diagnostics")
