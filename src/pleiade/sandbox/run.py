"""Judge or ask a program from outside: start the inside process, hand it code and tests or calls, wait for the rest."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from pleiade.sandbox.limits import Limits
from pleiade.sandbox.wire import dumps, loads

Outcome = Literal["passed", "failed", "error", "killed", "timeout"]
SOURCE = str(Path(__file__).parents[2])  # where `import pleiade` is found
START = "import sys; sys.path.insert(0, sys.argv[1]); from pleiade.sandbox.inside import main; main(sys.argv[2])"
MAX_ENDS = 3  # processes that a function may end before it is given up


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
    told = _judged(code, entry_point, tests.encode("utf-8", "replace"), limits or Limits(), isolated, calls=False)
    return Verdict(told["outcome"], told["detail"])


@dataclass(frozen=True)
class Answer:
    """What one call gave: a value, or why there is none."""

    value: Any = None
    error: str = ""


def call_each(
    code: str, entry_point: str, calls: Sequence[tuple[Sequence[Any], Mapping[str, Any]]], limits: Limits | None = None
) -> list[Answer]:
    """The answer of the function `entry_point` of `code` to each of `calls`: positional and named plain values.

    All calls share one process and the time of `limits`; where a call ends the process or the time, that is its answer
    and the others go on in a new one. After three such ends the rest is not asked any more. Raises SandboxError where
    code cannot be run safely, and ValueError for arguments that are no plain values or larger than 1 MiB.
    """
    lines = [dumps((list(positional), dict(named))) for positional, named in calls]
    answers: list[Answer] = []
    ends = 0
    while len(answers) < len(calls):
        rest = b"".join(lines[len(answers) :])
        told = _judged(code, entry_point, rest, limits or Limits(), isolated=True, calls=True)
        for line in told.get("answers", ()):
            answer = loads(line.encode())
            answers.append(Answer(answer.get("value"), str(answer.get("error", ""))))
        if told["outcome"] == "passed":
            break
        reason = str(told["detail"])
        ends += 1
        if told["outcome"] == "error" or ends == MAX_ENDS:  # it cannot even be loaded, or does not learn
            answers.extend(Answer(error=reason) for _ in calls[len(answers) :])
        elif len(answers) < len(calls):
            answers.append(Answer(error=reason))
    return answers


def _judged(
    code: str, entry_point: str, tests: bytes, limits: Limits, isolated: bool, *, calls: bool
) -> dict[str, Any]:
    with tempfile.TemporaryFile() as tests_file, tempfile.TemporaryDirectory() as folder:
        tests_file.write(tests)
        tests_file.seek(0)
        descriptor = tests_file.fileno()
        task = {
            "entry_point": entry_point,
            "limits": asdict(limits),
            "tests_file": descriptor,
            "isolated": isolated,
            "calls": calls,
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
            return {"outcome": "timeout", "detail": "the sandbox did not answer and was killed"}
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.communicate()
    if not verdict:
        return {"outcome": "killed", "detail": _unspoken(process.returncode, complaint)}
    told: dict[str, Any] = json.loads(verdict)
    if told["outcome"] == "unavailable":
        raise SandboxError(told["detail"])
    return told


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


def _unspoken(status: int, complaint: bytes) -> str:
    # The judge is killed with its world when memory runs out; anything else is our own fault and is told.
    if status == 0 or status < 0:
        return "the sandbox was ended before its verdict"
    raise SandboxError(f"the sandbox could not start: {complaint.decode('utf-8', 'replace')[-500:]}")
