"""The books after the worst: gateways killed, databases stopped, callers gone. `make crash` runs it in full.

    python tests/crash/crash.py [--callers N] [--kills N] [--stops N] [--database sqlite|postgresql] [--seed N]

A real `pleiade up` with two gateways serves callers over an engine that counts every token it computes. Gateways are
killed with SIGKILL at random moments; the database is stopped and started (PostgreSQL), or locked for seconds (SQLite).
Then every call that reached the engine must stand in the ledger exactly once: a finished one with the engine's own
count, one that was cut within 32 tokens of it, and all costs must be the sum of the entries.
"""

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from crash.callers import Callers, Seen
from pleiade.domain.books import Outcome
from pleiade.domain.price import Rate, RateKind
from pleiade.domain.tenants import OPERATOR, Billing
from pleiade.ledger.verify import verify
from pleiade.prices import set_price
from pleiade.prices.catalogue import Offer
from pleiade.registry import add_model, adopt_defaults, deploy, remote_model, undeploy
from pleiade.store import migrate, open_database
from pleiade.store.books import entries, series
from pleiade.tenancy.keys import create_key
from pleiade.tenancy.organisations import create_organisation
from pleiade.tenancy.projects import first_project
from postgresql_server import PostgresqlServer, postgresql_programs

TOLERANCE = 32  # tokens
INPUT_NANO, OUTPUT_NANO = 150, 600  # 0.15 and 0.60 dollars for a million tokens
ENGINE = Path(__file__).with_name("counting_engine.py")


@dataclass
class Report:
    """What was seen, and what was wrong."""

    seen: Seen
    entries: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    estimated: int = 0
    unseen: int = 0  # of them, cancelled calls that the engine never got
    worst: int = 0  # tokens between an entry of a cut call and the engine's count
    cost: int = 0
    problems: list[str] = field(default_factory=list)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def child(argv: list[str], log: Path, env: dict[str, str] | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours, ended with SIGTERM."""
    with log.open("wb") as file:
        process = subprocess.Popen(argv, stdout=file, stderr=subprocess.STDOUT, env=env)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def prepare(url: str, engine_port: int) -> str:
    """A paying organisation, a price, a deployment of the counting engine; the key's secret."""
    db = open_database(url)
    migrate(db)
    for default in adopt_defaults(db):
        undeploy(db, default.name)
    engine = f"http://127.0.0.1:{engine_port}/v1"
    add_model(db, remote_model(engine, model_id="counting"))
    set_price(
        db,
        Offer(
            storefront="openai",
            model="counting",
            currency="USD",
            rates=(
                Rate(kind=RateKind.INPUT, amount="0.15", per=1_000_000),
                Rate(kind=RateKind.OUTPUT, amount="0.60", per=1_000_000),
            ),
        ),
    )
    options: dict[str, str | int | float | bool] = {"url": engine, "extra_usage": True}
    deploy(db, "marked", model="counting", engine="upstream", options=options)  # as vLLM: streams tell, nothing else
    deploy(db, "counted", model="counting", engine="upstream", options={**options, "tells_usage": True})
    organisation = create_organisation(db, name="Crash & Sons", actor=OPERATOR, billing=Billing.INVOICED)
    project = first_project(db, organisation.id)
    secret, _ = create_key(db, name="crash", organisation=organisation.id, project=project.id)
    db.dispose()
    return secret


class Database:
    """SQLite or PostgreSQL, with a way to take it away for a while."""

    def __init__(self, kind: str, home: Path) -> None:
        self.kind = kind
        self._server: PostgresqlServer | None = None
        if kind == "postgresql":
            programs = postgresql_programs()
            if programs is None:
                raise SystemExit("PostgreSQL is not installed: apt-get install postgresql")
            self._server = PostgresqlServer(programs)
            self._server.start()
            self.url = self._server.url
        else:
            self._file = home / "pleiade.db"
            self.url = f"sqlite:///{self._file}"

    async def away(self, seconds: float) -> None:
        """Nobody can use it for `seconds`."""
        if self._server is not None:
            await asyncio.to_thread(self._server.stop)
            await asyncio.sleep(seconds)
            await asyncio.to_thread(self._server.start)
            return
        connection = sqlite3.connect(self._file, timeout=10, isolation_level=None)
        try:
            connection.execute("BEGIN EXCLUSIVE")
            await asyncio.sleep(seconds)
            connection.execute("ROLLBACK")
        finally:
            connection.close()

    def remove(self) -> None:
        if self._server is not None:
            self._server.remove()


def gateways_of(up: int) -> list[int]:
    """Process ids of the gateways that `pleiade up` runs."""
    found = []
    for task in Path(f"/proc/{up}/task").iterdir():
        for pid in (task / "children").read_text().split():
            try:
                if "pleiade.gateway" in Path(f"/proc/{pid}/cmdline").read_text():
                    found.append(int(pid))
            except OSError:
                continue
    return found


async def disturb(up: int, database: Database, kills: int, stops: int, pause_s: float, seed: int) -> None:
    """Kill gateways and take the database away, at moments that nobody chose."""
    choose = random.Random(seed)
    stop_at = set(choose.sample(range(kills), min(stops, kills)))
    for number in range(kills):
        await asyncio.sleep(pause_s * (0.5 + choose.random()))
        away = asyncio.create_task(database.away(2.0)) if number in stop_at else None
        gateways = gateways_of(up)
        if gateways:
            os.kill(choose.choice(gateways), signal.SIGKILL)
        if away is not None:
            await away
        print(f"\r{number + 1} of {kills} kills", end="", flush=True)
    print(flush=True)


def wait_for(url: str, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except OSError:
            if time.monotonic() > deadline:
                raise SystemExit(f"{url} does not answer") from None
            time.sleep(0.1)


def fetch(url: str) -> dict[str, dict[str, int]]:
    with urllib.request.urlopen(url) as answer:
        found: dict[str, dict[str, int]] = json.load(answer)
    return found


def judge(url: str, counts: dict[str, dict[str, int]], seen: Seen) -> Report:
    """Compare the ledger with the engine's own counts and with what callers saw."""
    report = Report(seen)
    db = open_database(url)
    with db.connect() as connection:
        rows = connection.execute(
            sa.select(entries, series.c.outcome, series.c.currency).join(series, series.c.id == entries.c.series)
        ).all()
    by_call: dict[str, list[sa.Row[tuple[object, ...]]]] = {}
    for row in rows:
        by_call.setdefault("req_" + row.call, []).append(row)
        report.outcomes[row.outcome] += 1
        report.estimated += row.estimated
        report.cost += row.cost
        if row.cost != row.prompt_tokens * INPUT_NANO + row.completion_tokens * OUTPUT_NANO:
            report.problems.append(f"{row.call}: its cost {row.cost} is not its tokens at the price")
    report.entries = len(rows)
    for request, found in by_call.items():
        if len(found) > 1:
            report.problems.append(f"{request}: settled {len(found)} times")
        if request not in counts and (found[0].completion_tokens or found[0].prompt_tokens):
            # A caller left while the request was on its way. Whether an engine that tells nothing (or, drowned in
            # calls, not in time) got it, nobody knows: the prompt is booked as what it is, an estimate.
            if found[0].estimated and found[0].outcome == Outcome.CANCELLED and not found[0].completion_tokens:
                report.unseen += 1
            else:
                report.problems.append(f"{request}: charged as {found[0].outcome}, but the engine never saw it")
    for request, count in counts.items():
        entry = by_call.get(request, [None])[0]
        if entry is None:
            report.problems.append(f"{request}: the engine computed it, and the ledger has nothing")
            continue
        off = abs(entry.completion_tokens - count["completion_tokens"])
        finished = request in seen.finished or entry.outcome == "completed"
        if finished and (off or entry.prompt_tokens != count["prompt_tokens"] or entry.outcome != "completed"):
            report.problems.append(f"{request}: finished, but {entry.outcome} with {off} tokens between them")
        if off > TOLERANCE:
            report.problems.append(f"{request}: {entry.outcome}, {off} tokens between ledger and engine")
        report.worst = max(report.worst, off)
    for request, told in seen.finished.items():
        if told >= 0 and told != counts.get(request, {}).get("completion_tokens"):
            report.problems.append(f"{request}: its caller was told {told} tokens, the engine counted otherwise")
    for check in verify(db):
        report.problems += [f"verify {check.name}: {problem}" for problem in check.problems]
    db.dispose()
    return report


async def crash(
    *, callers: int, kills: int, stops: int, kind: str, seed: int, pause_s: float = 1.5, pace_s: float = 0.25
) -> Report:
    """The whole of it, in a temporary folder."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="pleiade-crash-"))
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        home = folder / "home"
        home.mkdir(mode=0o700)
        database = Database(kind, home)
        stack.callback(database.remove)
        engine_port, port = free_port(), free_port()
        stack.enter_context(child([sys.executable, str(ENGINE), str(engine_port), str(pace_s)], folder / "engine.log"))
        secret = prepare(database.url, engine_port)
        wait_for(f"http://127.0.0.1:{engine_port}/counts")
        variables = {"PLEIADE_DATABASE_URL": database.url, "PLEIADE_WORKERS": "2", "PLEIADE_LOG_LEVEL": "warning"}
        argv = [sys.executable, "-m", "pleiade.cli", "up", "--home", str(home), "--port", str(port)]
        with child(argv, folder / "up.log", {**os.environ, **variables}) as up:
            wait_for(f"http://127.0.0.1:{port}/readyz")
            load = Callers(f"http://127.0.0.1:{port}/v1/chat/completions", secret, callers, seed=seed)
            await load.start()
            await disturb(up.pid, database, kills, stops, pause_s, seed)
            await asyncio.sleep(1.0)
            await load.stop()
            await asyncio.sleep(1.0)  # callers that left: their engines notice
        counts = await asyncio.to_thread(fetch, f"http://127.0.0.1:{engine_port}/counts")
        left = [path.name for path in (home / "ledger").glob("*.journal")]
        report = judge(database.url, counts, load.seen)
        if left:
            report.problems.append(f"not shipped at the end: {left}")
        if report.problems:
            print((folder / "up.log").read_text()[-3000:], file=sys.stderr)
            for log in sorted((home / "logs").glob("*.log")):
                print(f"--- {log.name}\n{log.read_text()[-2000:]}", file=sys.stderr)
        return report


def main() -> int:
    """Run, tell, and give the exit status: 0 = the books are right."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--callers", type=int, default=2000)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--stops", type=int, default=5)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    started = time.monotonic()
    report = asyncio.run(
        crash(
            callers=options.callers,
            kills=options.kills,
            stops=options.stops,
            kind=options.database,
            seed=options.seed,
            pace_s=0.5,
        )
    )
    seen, seconds = report.seen, time.monotonic() - started
    print(f"{options.database}: {seen.started:,} calls by {options.callers:,} callers in {seconds:.0f} s")
    print(f"{options.kills} gateways killed, the database away {options.stops} times")
    print(
        f"callers: {len(seen.finished):,} finished, {seen.broken:,} cut off, {seen.left:,} left, {seen.refused} refused"
    )
    print(
        f"ledger: {report.entries:,} entries {dict(report.outcomes)}, {report.estimated} estimated "
        f"({report.unseen} never reached the engine)"
    )
    print(f"{report.cost / 1e9:.6f} USD; at most {report.worst} tokens from the engine's count")
    for problem in report.problems[:20]:
        print(f"WRONG: {problem}")
    print(f"result: entries={report.entries} worst={report.worst} wrong={len(report.problems)}")
    return 1 if report.problems else 0


if __name__ == "__main__":
    sys.exit(main())
