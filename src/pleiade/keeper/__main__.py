"""The keeper's process: `python -m pleiade.keeper [--home DIR] [--pulse-fd N]`, a child of the supervisor.

Settings come from PLEIADE_* variables. SIGTERM, SIGINT, or the end of the supervisor (seen through PLEIADE_LIFELINE_FD)
end it once every journal whose process is gone was shipped; it does not wait for a database that is away.
"""

import argparse
import logging
import os
import select
import signal
import sys
import time

import sqlalchemy as sa

from pleiade.house.adjusting import VERSION, adjusted, in_force
from pleiade.keeper.engine_hours import EngineHours
from pleiade.keeper.lost_calls import EngineCounts
from pleiade.ledger.clock import wall_ms
from pleiade.ledger.errors import LedgerError
from pleiade.ledger.keeper import Keeper, KeeperBusyError
from pleiade.runs.shipping import Shipper
from pleiade.runs.sweeping import sweep
from pleiade.settings import Settings, SettingsError, hourly_cost, load_settings
from pleiade.store import StoreError, migrate, open_database, version_of

LIFELINE_VARIABLE = "PLEIADE_LIFELINE_FD"
FOLDER, RUNS_FOLDER = "ledger", "runs"  # of the home
SWEEP_EVERY_S = 3600.0
FOLLOW_EVERY_S = 1.0
LOOK_EVERY_S = 0.2
BEAT_EVERY_S = 2.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.5, 15.0  # while the database is away
AFTER_DRAIN_S = 10.0  # told to stop, we wait so much longer than gateways may take to finish
BUSY_STATUS = 3

logger = logging.getLogger("pleiade.keeper")


class Life:
    """What tells this process to stop, and whom it tells that it lives."""

    def __init__(self, pulse: int | None, lifeline: int | None) -> None:
        self.stop_at = 0.0  # monotonic time at which we end whatever is left; 0 = not told to stop
        self._patience_s = 0.0
        self._pulse = pulse
        self._lifeline = lifeline
        self._beaten = 0.0
        if pulse is not None:
            os.set_blocking(pulse, False)

    @property
    def stopping(self) -> bool:
        """Whether we were told to stop."""
        return self.stop_at > 0

    def listen(self, patience_s: float) -> None:
        """Stop on SIGTERM and SIGINT from now on, at the latest `patience_s` seconds after."""
        self._patience_s = patience_s
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stop())

    def wait(self, seconds: float) -> None:
        """Wait, less long where the supervisor goes."""
        until = time.monotonic() + seconds
        while True:
            self._beat()
            left = until - time.monotonic()
            watched = [] if self._lifeline is None else [self._lifeline]
            ready, _, _ = select.select(watched, [], [], max(0.0, min(left, LOOK_EVERY_S)))
            if ready and self._lifeline is not None and not os.read(self._lifeline, 1):
                self._lifeline = None  # its end: the supervisor is gone
                self._stop()
            if left <= 0 or self.stopping:
                return

    def say_ready(self) -> None:
        """Tell the supervisor that we keep the books."""
        self._tell(b"ready\n")

    def _stop(self) -> None:
        if not self.stop_at:
            self.stop_at = time.monotonic() + self._patience_s

    def _beat(self) -> None:
        if time.monotonic() - self._beaten > BEAT_EVERY_S:
            self._beaten = time.monotonic()
            self._tell(b".")

    def _tell(self, what: bytes) -> None:
        if self._pulse is None:
            return
        try:
            os.write(self._pulse, what)
        except BlockingIOError:  # the supervisor stands still; not our fault
            return
        except OSError:
            self._pulse = None  # nobody listens any more


def keep(settings: Settings, life: Life) -> int:
    """Keep the books until told to stop; gives the exit status."""
    life.listen(settings.drain_s + AFTER_DRAIN_S)
    db = open_durable(settings)
    try:
        endpoints = settings.home_path / "run" / "endpoints.json"
        tell = EngineCounts(endpoints, db)
        keeper = Keeper(settings.home_path / FOLDER, db, tell=tell)
    except (KeeperBusyError, OSError) as error:
        logger.error("%s", error)
        return BUSY_STATUS if isinstance(error, KeeperBusyError) else 1
    hours = None
    if settings.engine_hour_cost:
        nano, currency = hourly_cost(settings.engine_hour_cost)
        hours = EngineHours(endpoints, db, nano=nano, currency=currency)
    life.say_ready()
    try:
        _keep(keeper, Runs(settings, db), db, life, hours)
    finally:
        keeper.close()
        db.dispose()
    return 0


def open_durable(settings: Settings) -> sa.Engine:
    """The database, not yet connected, so that a commit survives a loss of power: journals are deleted after it."""
    engine = open_database(settings.database, tried=False)
    if engine.dialect.name == "sqlite":

        @sa.event.listens_for(engine, "connect")
        def _full(connection: sa.engine.interfaces.DBAPIConnection, _: object) -> None:
            connection.cursor().execute("PRAGMA synchronous = FULL")

    return engine


class Runs:
    """The records of calls: shipped as they come, and removed when they are old."""

    def __init__(self, settings: Settings, db: sa.Engine) -> None:
        self._settings = settings
        self._db = db
        self._shipper = Shipper(settings.home_path / RUNS_FOLDER, db, keep=settings.runs != "off")
        self._swept = -SWEEP_EVERY_S
        self._looked = -FOLLOW_EVERY_S
        self._version = 0  # of the settings that were changed while the house runs
        self.in_force = settings

    def _follow(self) -> None:
        """Take up what was changed, within a second. Raises StoreError."""
        if time.monotonic() - self._looked < FOLLOW_EVERY_S:
            return
        self._looked = time.monotonic()
        version = version_of(self._db, VERSION)
        if version == self._version:
            return
        self.in_force = in_force(self._settings, adjusted(self._db))
        self._version = version
        self._shipper.keep = self.in_force.runs != "off"
        self._swept = -SWEEP_EVERY_S  # fewer days may be wanted
        logging.getLogger().setLevel(self.in_force.log_level.upper())

    def turn(self) -> int:
        """Ship what there is, at most one batch; how many that were. Raises StoreError, OSError."""
        self._follow()
        shipped = self._shipper.turn()
        if not shipped and time.monotonic() - self._swept > SWEEP_EVERY_S:
            self._swept = time.monotonic()
            sweep(self._db, days=self.in_force.runs_days, most=self.in_force.runs_most)
        return shipped


def _keep(keeper: Keeper, runs: Runs, db: sa.Engine, life: Life, hours: EngineHours | None) -> None:
    migrated, away, wait_s = False, "", FIRST_WAIT_S
    while True:
        try:
            if not migrated:
                migrate(db)
                migrated = True
            shipped = keeper.turn()
            shipped += runs.turn()  # after the ledger, which matters more
            if hours is not None:
                hours.look(wall_ms())
        except (StoreError, OSError, LedgerError, sa.exc.SQLAlchemyError) as error:
            if life.stopping:
                logger.warning("stopping with entries in journals: the next start ships them (%s)", error)
                return
            if not away:  # said once, not at each try
                away = str(error)
                logger.error("entries wait in their journals, nothing is lost: %s", away)
            life.wait(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            continue
        if away:
            logger.warning("the database is back: entries are shipped")
            away, wait_s = "", FIRST_WAIT_S
        if life.stopping and not shipped and (not keeper.living or time.monotonic() > life.stop_at):
            return
        life.wait(0.0 if shipped else LOOK_EVERY_S)
        if life.stopping and not shipped:
            time.sleep(LOOK_EVERY_S / 4)  # `wait` returns at once now; gateways still finish their answers


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line, keep the books, and give the exit status (3: another keeper has the home)."""
    parser = argparse.ArgumentParser(prog="python -m pleiade.keeper", description="Keep the books of a home.")
    parser.add_argument("--home", help="folder for data (or PLEIADE_HOME)")
    parser.add_argument("--pulse-fd", "--ready-fd", type=int, help="descriptor for `ready` and for signs of life")
    options = parser.parse_args(arguments)
    try:
        settings = load_settings({"home": options.home})
    except SettingsError as error:
        parser.exit(2, f"{error}\n")
    logging.basicConfig(level=settings.log_level.upper(), format="%(asctime)s %(levelname)s %(name)s %(message)s")
    logging.getLogger("alembic").setLevel(logging.WARNING)
    lifeline = os.environ.get(LIFELINE_VARIABLE)
    try:
        return keep(settings, Life(options.pulse_fd, int(lifeline) if lifeline else None))
    except StoreError as error:  # a URL that is none: waiting would not mend it
        logger.error("%s", error)
        return 2


if __name__ == "__main__":
    sys.exit(main())
