"""Judge a program from outside: start the inside process, hand it code and tests, wait for the verdict."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from pleiade.lab.sandbox.limits import Limits

Outcome = Literal["passed", "failed", "error", "killed", "timeout"]
SOURCE = str(Path(__file__).parents[3])  # where `import pleiade` is found
START = "import sys; sys.path.insert(0, sys.argv[1]); from pleiade.lab.sandbox.inside import main; main(sys.argv[2])"


class SandboxError(RuntimeError):
    """Code cannot be run safely here; the message says why."""


@dataclass(frozen=True)
class Verdict:
    """What became of a program: passed, failed (a test said no), error (it raised), killed or timeout."""

    outcome: Outcome
    detail: str = ""


def run_tests(code: str, tests: str, entry_point: str, limits: Limits | None = None, isolated: bool = True) -> Verdict:
    """Whether the function `entry_point` of `code` passes `tests` (Python that defines `check(candidate)`, as in
    HumanEval and MBXP, or calls `entry_point`).

    Arguments and results cross between two processes as plain values, so tests can neither be read nor forged by the
    code. `isolated=False` keeps the limits and gives up the namespaces: files and network are then open to the code.
    Raises SandboxError where namespaces cannot be had.
    """
    limits = limits or Limits()
    with tempfile.TemporaryFile() as tests_file, tempfile.TemporaryDirectory() as folder:
        tests_file.write(tests.encode("utf-8", "replace"))
        tests_file.seek(0)
        descriptor = tests_file.fileno()
        task = {
            "entry_point": entry_point,
            "limits": asdict(limits),
            "tests_file": descriptor,
            "isolated": isolated,
        }
        process = subprocess.Popen(
            [sys.executable, "-I", "-S", "-c", START, SOURCE, json.dumps(task)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={},
            cwd=folder,
            pass_fds=(descriptor,),
            start_new_session=True,
        )
        try:
            verdict, complaint = process.communicate(code.encode("utf-8", "replace"), timeout=limits.wall_seconds + 15)
        except subprocess.TimeoutExpired:
            return Verdict("timeout", "the sandbox did not answer and was killed")
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
    if not verdict:
        return _unspoken(process.returncode, complaint)
    told = json.loads(verdict)
    if told["outcome"] == "unavailable":
        raise SandboxError(told["detail"])
    return Verdict(told["outcome"], told["detail"])


def why_not_isolated() -> str | None:
    """None where code can be run safely; else the reason, and what would help."""
    if sys.platform != "linux":
        return "isolation needs Linux namespaces, and this is not Linux: use a Linux machine, virtual or not"
    try:
        verdict = run_tests("def f(): return 1", "def check(f): assert f() == 1", "f")
    except SandboxError as error:
        return (
            f"the kernel refuses a new namespace ({error}): allow them with user.max_user_namespaces and, on Ubuntu, "
            "kernel.apparmor_restrict_unprivileged_userns=0, or run outside of the container"
        )
    return None if verdict.outcome == "passed" else f"a trivial program ended with {verdict}"


def _unspoken(status: int, complaint: bytes) -> Verdict:
    # The judge is killed with its world when memory runs out; anything else is our own fault and is told.
    if status == 0 or status < 0:
        return Verdict("killed", "the sandbox was ended before its verdict")
    raise SandboxError(f"the sandbox could not start: {complaint.decode('utf-8', 'replace')[-500:]}")
