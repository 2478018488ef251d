"""The last line of the package on httpx, 2.x, keeps the promises of the tests with the current one too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from serving import ROOT, Server

# What else it needs (httpx, anyio, pydantic, jiter, sniffio, tqdm) the environment has already.
PACKAGES = ("openai==2.54.0", "distro==1.9.0")


def older_package() -> Path:
    """A folder with openai 2.x alone, to stand before the environment on the path; filled on first use."""
    folder = ROOT / ".cache" / "openai2"
    done = folder / ".installed"
    if not done.exists() or done.read_text() != " ".join(PACKAGES):
        pip = [
            sys.executable,
            "-m",
            "pip",
            "install",
            "-q",
            "--disable-pip-version-check",
            "--no-deps",
            "--upgrade",
        ]
        answer = subprocess.run([*pip, "--target", folder, *PACKAGES], capture_output=True, text=True)
        assert answer.returncode == 0, f"pip could not fetch {PACKAGES}:\n{answer.stderr[-2000:]}"
        done.write_text(" ".join(PACKAGES))
    return folder


@pytest.mark.timeout(600)  # it runs a whole file of tests, and pip before its first run
def test_openai_2_keeps_every_promise_that_openai_3_keeps(server: Server) -> None:
    environment = {
        **os.environ,
        "PYTHONPATH": str(older_package()),
        "EXPECTED_OPENAI": "2.",
        "PLEIADE_TEST_URL": server.url,
        "PLEIADE_TEST_KEY": server.key,
        "PLEIADE_TEST_HOME": str(server.home),
    }
    folder = ROOT / "tests" / "contract"
    tests = [str(folder / name) for name in ("test_openai_sdk.py", "test_administration_sdk.py", "test_bulk_sdk.py")]
    answer = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *tests],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert answer.returncode == 0, answer.stdout[-6000:] + answer.stderr[-2000:]
    assert " passed" in answer.stdout
