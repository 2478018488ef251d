"""`pleiade batch` at a running house: a file goes in, the answers stand beside it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from serving import CHAT, Server


def pleiade(server: Server, *words: str) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "pleiade.cli", "batch", *words, "--home", str(server.home)]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120)


@pytest.fixture
def requests(tmp_path: Path) -> Path:
    body = {"model": CHAT, "messages": [{"role": "user", "content": "Hello!"}], "max_tokens": 4}
    rows = [
        {"custom_id": f"c-{n}", "method": "POST", "url": "/v1/chat/completions", "body": body | {"n": 1 if n else 0}}
        for n in range(3)
    ]
    file = tmp_path / "requests.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_answers_and_refusals_stand_beside_the_input(server: Server, requests: Path) -> None:
    done = pleiade(server, "run", str(requests))
    assert done.returncode == 0, done.stderr
    assert "2 of 3 answered, 1 refused" in done.stdout
    answers = [json.loads(line) for line in requests.with_suffix(".answers.jsonl").read_text().splitlines()]
    assert [answer["custom_id"] for answer in answers] == ["c-1", "c-2"]
    assert "c-0" in requests.with_suffix(".answers.errors.jsonl").read_text()
    batch = done.stdout.split()[0]
    assert batch in pleiade(server, "list").stdout
    refused = pleiade(server, "cancel", batch)
    assert refused.returncode == 1
    assert "Cannot cancel a batch with status 'completed'" in refused.stderr


def test_an_input_that_is_wrong_is_told_by_its_lines(server: Server, requests: Path) -> None:
    requests.write_text(requests.read_text().replace("c-2", "c-1"))
    done = pleiade(server, "run", str(requests))
    assert done.returncode == 1
    assert "Line 3 repeats the custom_id 'c-1'" in done.stdout
