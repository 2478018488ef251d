"""What live calls feel of a batch at full speed: their time to the first token, with one beside without, in turns.

Run: python bench/batches.py [--pairs N] [--calls N]      (some minutes; Linux)

One `pleiade up` with the model that ships. In each pair, the same number of streamed chats is asked one after another,
with pauses, once alone and once while a batch of thousands of lines runs; which of the two comes first changes from
pair to pair. What is told is the median over the pairs of the ratio of their medians. The last line:

batches_ttft    p50 time to the first token with a batch ÷ without one, median of the pairs
batches_lines   lines of the batch that were answered per second meanwhile, in the gaps
"""

import argparse
import http.client
import json
import random
import statistics
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from machine import busy_seconds, free_port
from report import result_line, table, write_json
from server import running_server

MODEL = "pleiade-chat"
LINES, LINE_TOKENS, LIVE_TOKENS = 4000, 48, 12
PAUSE_S = (0.05, 0.25)  # between two live calls
WORDS = (
    "river",
    "stone",
    "light",
    "paper",
    "green",
    "of",
    "the",
    "and",
    "house",
    "window",
    "song",
    "old",
    "road",
    "winter",
    "bread",
    "sea",
)


@dataclass(frozen=True)
class Round:
    """One round of live calls: seconds to the first token of each, and how many lines of a batch were answered."""

    first: list[float]
    lines: int
    seconds: float

    @property
    def p50_ms(self) -> float:
        """The median, in milliseconds."""
        return statistics.median(self.first) * 1000


class House:
    """A running server and its key."""

    def __init__(self, url: str, key: str, seed: int) -> None:
        self._url = url
        self._host = url.removeprefix("http://")
        self._headers = {"authorization": f"Bearer {key}", "content-type": "application/json"}
        self._random = random.Random(seed)

    def first_token(self) -> float:
        """Seconds from a streamed chat's request to its first token of text."""
        text = " ".join(self._random.choices(WORDS, k=40))
        body = {"model": MODEL, "messages": [{"role": "user", "content": text}], "stream": True}
        connection = http.client.HTTPConnection(self._host, timeout=120)
        began = time.perf_counter()
        connection.request(
            "POST", "/v1/chat/completions", json.dumps(body | {"max_tokens": LIVE_TOKENS}), self._headers
        )
        answer = connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"a live call failed: {answer.read()[:500]!r}")
        while b'"content":"' not in (line := answer.readline()) or b'"content":""' in line:
            if not line:
                raise SystemExit("a live call had no text")
        seconds = time.perf_counter() - began
        answer.read()
        connection.close()
        return seconds

    def round(self, calls: int, batch: str = "") -> Round:
        """So many live calls, one after another."""
        before, began = self.answered(batch), time.monotonic()
        first = []
        for _ in range(calls):
            first.append(self.first_token())
            time.sleep(self._random.uniform(*PAUSE_S))
        return Round(first, self.answered(batch) - before, time.monotonic() - began)

    def begin(self) -> str:
        """A batch that runs at full speed from now on."""
        rows = []
        for number in range(LINES):
            text = " ".join(self._random.choices(WORDS, k=40))
            body = {"model": MODEL, "messages": [{"role": "user", "content": text}], "max_tokens": LINE_TOKENS}
            line = {"custom_id": f"{number}", "method": "POST", "url": "/v1/chat/completions", "body": body}
            rows.append(json.dumps(line))
        file = self._send("\n".join(rows).encode())
        wanted = {"input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h"}
        batch = str(self._ask("/v1/batches", wanted)["id"])
        while self.answered(batch) < 8:
            time.sleep(0.1)
        return batch

    def answered(self, batch: str) -> int:
        """How many lines of a batch are."""
        return int(self._ask(f"/v1/batches/{batch}")["request_counts"]["completed"]) if batch else 0

    def cancel(self, batch: str) -> None:
        """End a batch, and wait until it has."""
        self._ask(f"/v1/batches/{batch}/cancel", {})
        while self._ask(f"/v1/batches/{batch}")["status"] != "cancelled":
            time.sleep(0.1)

    def _send(self, data: bytes) -> str:
        head = '--x\r\ncontent-disposition: form-data; name="purpose"\r\n\r\nbatch\r\n'
        head += '--x\r\ncontent-disposition: form-data; name="file"; filename="lines.jsonl"\r\n\r\n'
        headers = self._headers | {"content-type": "multipart/form-data; boundary=x"}
        body = head.encode() + data + b"\r\n--x--\r\n"
        request = urllib.request.Request(self._url + "/v1/files", body, headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return str(json.load(answer)["id"])

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self._url + path, data, self._headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            found: dict[str, Any] = json.load(answer)
            return found


def measure(house: House, pairs: int, calls: int) -> list[tuple[Round, Round]]:
    """Pairs of rounds, without a batch and with one."""
    house.round(calls)  # warms everything up
    found = []
    for number in range(pairs):
        rounds: dict[bool, Round] = {}
        for batch_first in (True, False) if number % 2 else (False, True):
            if batch_first:
                batch = house.begin()
                rounds[True] = house.round(calls, batch)
                house.cancel(batch)
                time.sleep(0.5)
            else:
                rounds[False] = house.round(calls)
        found.append((rounds[False], rounds[True]))
        print(f"pair {number + 1}: {found[-1][0].p50_ms:.1f} ms alone, {found[-1][1].p50_ms:.1f} ms beside", flush=True)
    return found


def main() -> int:
    """Measure, tell, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--calls", type=int, default=25, help="live calls in a round")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pleiade-batches-") as folder:
        home = Path(folder) / "home"
        with running_server(free_port(), "--home", str(home)) as url:
            house = House(url, (home / "admin.key").read_text().strip(), seed=1)
            before, began = busy_seconds(), time.monotonic()
            pairs = measure(house, options.pairs, options.calls)
            busy = (busy_seconds() - before) / (time.monotonic() - began)
    rows = [
        [f"{number}", f"{alone.p50_ms:.1f}", f"{beside.p50_ms:.1f}", f"{beside.p50_ms / alone.p50_ms:.2f}"]
        for number, (alone, beside) in enumerate(pairs, 1)
    ]
    print(table(["pair", "p50 alone, ms", "p50 beside a batch, ms", "ratio"], rows))
    print(f"{busy:.1f} cores were busy on the average, other programs' work included")
    summary = {
        "batches_ttft": statistics.median(beside.p50_ms / alone.p50_ms for alone, beside in pairs),
        "batches_lines": statistics.median(beside.lines / beside.seconds for _, beside in pairs),
    }
    write_json("batches", {"result": summary, "pairs": [[vars(one) for one in pair] for pair in pairs]})
    print(result_line(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main())
