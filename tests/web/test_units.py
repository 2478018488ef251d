"""Units of the web app that have no need of a browser, by Node's own test runner."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-web" / "bin" / "python"  # `make web` makes it: it has Node


def test_the_units_of_the_web_app_hold() -> None:
    assert list((ROOT / "web" / "tests").glob("*.test.ts")), "there are units to test"
    done = subprocess.run([PYTHON, "hatch_build.py", "test"], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
