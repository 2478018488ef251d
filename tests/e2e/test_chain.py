"""`make chain`: from this repository's text to a deployed model that answers: each stage makes something better."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "bench" / "chain.py"


@pytest.mark.timeout(900)
def test_the_whole_chain_ends_with_an_answer() -> None:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "2"},
    )
    assert done.returncode == 0, done.stdout[-4000:]
    lines = done.stdout.splitlines()
    assert lines[-1].startswith('result: answer="')
    for stage in ("base", "chat", "reward", "dpo"):
        assert any(line.startswith(f"{stage}: ") and " → " in line for line in lines), stage
