"""Every script of measurements can be started: what it borrows from the tests and from its peers' drivers is there."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parents[2] / "bench"
SCRIPTS = sorted(path.name for path in BENCH.glob("*.py") if "ArgumentParser(" in path.read_text())


def test_there_are_scripts() -> None:
    assert {"batches.py", "gateway.py", "moderation.py", "web.py"} <= set(SCRIPTS)


@pytest.mark.parametrize("script", SCRIPTS)
def test_a_script_says_what_it_measures(script: str) -> None:
    done = subprocess.run([sys.executable, str(BENCH / script), "--help"], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("usage: "), done.stdout
