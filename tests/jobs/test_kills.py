"""kill -9 in the middle of a batch of 500 lines: of the runner, a gateway, the whole house.

It finishes all the same, and the ledger shows that no line was paid twice.
"""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import sqlalchemy as sa

from crash.crash import ENGINE, INPUT_NANO, OUTPUT_NANO, child, free_port, prepare, wait_for
from pleiade.store import open_database
from pleiade.store.books import entries

LINES, TOKENS = 500, 4
PACE_S = 0.01


class House:
    """A `pleiade up` that may be killed and started again on the same home and port."""

    def __init__(self, folder: Path, secret: str) -> None:
        self.home = folder / "home"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._log = folder / "up.log"
        self.client = httpx.Client(headers={"authorization": f"Bearer {secret}"}, timeout=30, trust_env=False)
        self.process: subprocess.Popen[bytes]

    def start(self) -> None:
        argv = [sys.executable, "-m", "pleiade.cli", "up", "--home", str(self.home), "--port", str(self.port)]
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(argv, stdout=log, stderr=log, start_new_session=True)
        wait_for(f"{self.url}/readyz")

    def kill(self, word: str = "") -> None:
        """SIGKILL for the child whose command holds `word`; without one, for the whole house."""
        children = {
            int(pid): Path(f"/proc/{pid}/cmdline").read_text()
            for task in Path(f"/proc/{self.process.pid}/task").iterdir()
            for pid in (task / "children").read_text().split()
        }
        for pid, command in children.items():
            if not word or word in command:
                os.kill(pid, signal.SIGKILL)
        if not word:
            self.process.kill()
            self.process.wait()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)

    def batch(self, identifier: str) -> Any:
        """The batch; asked again where the gateway is being started."""
        for _ in range(300):
            try:
                return self.client.get(f"{self.url}/v1/batches/{identifier}").json()
            except httpx.TransportError:
                time.sleep(0.1)
        raise AssertionError("no gateway answers")

    def reaches(self, identifier: str, count: int) -> Any:
        """The batch once so many of its lines have ended, or it is over."""
        deadline = time.monotonic() + 120
        while True:
            found = self.batch(identifier)
            if found["request_counts"]["completed"] >= count or found["status"] in ("failed", "expired", "cancelled"):
                return found
            assert time.monotonic() < deadline, found
            time.sleep(0.05)


def test_a_batch_of_500_lines_outlives_three_kills_and_no_line_is_paid_twice(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    database = f"sqlite:///{home / 'pleiade.db'}"
    engine_port = free_port()
    with child([sys.executable, str(ENGINE), str(engine_port), str(PACE_S)], tmp_path / "engine.log"):
        secret = prepare(database, engine_port)
        wait_for(f"http://127.0.0.1:{engine_port}/counts")
        house = House(tmp_path, secret)
        house.start()
        body = {"model": "counted", "messages": [{"role": "user", "content": "x" * 10}], "max_tokens": TOKENS}
        rows = [
            {"custom_id": f"line-{n}", "method": "POST", "url": "/v1/chat/completions", "body": body}
            for n in range(LINES)
        ]
        data = "".join(json.dumps(row) + "\n" for row in rows).encode()
        sent = house.client.post(
            f"{house.url}/v1/files", files={"file": ("lines.jsonl", data)}, data={"purpose": "batch"}
        ).json()
        wanted = {"input_file_id": sent["id"], "endpoint": "/v1/chat/completions", "completion_window": "24h"}
        batch = house.client.post(f"{house.url}/v1/batches", json=wanted).json()["id"]
        house.reaches(batch, 60)
        house.kill("pleiade.jobs")
        house.reaches(batch, 160)
        house.kill("pleiade.gateway")
        house.reaches(batch, 260)
        house.kill()
        house.start()
        done = house.reaches(batch, LINES)
        while done["status"] != "completed":
            done = house.batch(batch)
            time.sleep(0.05)
        assert done["request_counts"] == {"total": LINES, "completed": LINES, "failed": 0}
        text = house.client.get(f"{house.url}/v1/files/{done['output_file_id']}/content").text
        answers = [json.loads(line) for line in text.splitlines()]
        assert [answer["custom_id"] for answer in answers] == [f"line-{n}" for n in range(LINES)]
        house.stop()
    db = open_database(database)
    with db.connect() as connection:
        costs = [row.cost for row in connection.execute(sa.select(entries.c.cost))]
    paid = [cost for cost in costs if cost]
    one = (10 * INPUT_NANO + TOKENS * OUTPUT_NANO) // 2
    assert set(paid) == {one}, "each costs half of what it costs alone"
    assert LINES - 16 <= len(paid) <= LINES, (
        "a gateway's own death may cost the house a line, nothing costs a customer two"
    )
    assert len(costs) > LINES, "some lines were asked for more than once"
