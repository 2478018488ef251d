"""The process that `run.py` starts: enters the new world, splits into judge and hostile code, and ends with both.

Reads the code from standard input, the tests or calls from the file handed over, and writes what came of them to
standard output.
"""

import json
import os
import signal
import sys
import time
from dataclasses import dataclass, replace
from typing import Any

from pleiade.sandbox import answerer
from pleiade.sandbox.judge import Candidate, answers, judge
from pleiade.sandbox.limits import Limits, apply_limits
from pleiade.sandbox.namespaces import (
    PR_SET_DUMPABLE,
    Kernel,
    become_nobody,
    die_with_parent,
    empty_root,
    new_world,
)
from pleiade.sandbox.wire import dumps, loads

VERDICT = 1
GRACE_SECONDS = 5


@dataclass(frozen=True)
class Program:
    """What is judged, and how it is held."""

    code: str
    entry_point: str
    limits: Limits
    isolated: bool
    second_user: bool
    calls: bool  # asked for its answers, instead of judged by tests


def main(task: str) -> None:
    """`task` is JSON: entry_point, limits, tests_file (its descriptor), isolated, calls (whether that file holds calls,
    one a line).
    """
    told = json.loads(task)
    limits = Limits(**told["limits"])
    kernel = Kernel()
    die_with_parent(kernel)
    signal.alarm(int(limits.wall_seconds) + 2 * GRACE_SECONDS)
    with open(0, "rb", closefd=False) as standard_input:
        code = standard_input.read().decode()
    try:
        isolated = bool(told["isolated"])
        second_user = new_world(kernel) if isolated else False
        first = os.fork()
        if first == 0:
            program = Program(code, told["entry_point"], limits, isolated, second_user, bool(told["calls"]))
            _first_process(kernel, program, told["tests_file"])
        os.waitpid(first, 0)
    except OSError as error:
        _tell("unavailable", str(error))
    os._exit(0)


def _first_process(kernel: Kernel, program: Program, tests_file: int) -> None:
    try:
        die_with_parent(kernel)
        if program.isolated:
            empty_root(kernel, program.limits.scratch_bytes)
        else:
            os.setsid()
        kernel.control(PR_SET_DUMPABLE, 0)  # nobody without capabilities may read or trace this memory
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Python would answer it, so the kernel would let it in
        requests, replies = os.pipe(), os.pipe()
        hostile = os.fork()
        if hostile == 0:
            _hostile(kernel, program, requests[0], replies[1])
        os.close(requests[0])
        os.close(replies[1])
        if program.isolated:
            kernel.drop_capabilities()
        limits = program.limits
        apply_limits(replace(limits, memory_bytes=4 * limits.memory_bytes))
        with open(tests_file, encoding="utf-8") as file:
            tests = file.read()
        candidate = Candidate(requests[1], replies[0])
        told: list[dict[str, Any]] = []
        if program.calls:
            outcome, detail, told = answers(
                candidate, [loads(line) for line in tests.encode().splitlines()], limits.wall_seconds
            )
        else:
            outcome, detail = judge(candidate, tests, program.entry_point, limits.wall_seconds)
        if outcome == "killed":
            detail = _death(hostile) or detail
        _tell(outcome, detail, told)
    except BaseException as error:  # the last line of a process: whatever it is, it is told
        _tell("unavailable", f"{type(error).__name__}: {error}")
    os._exit(0)  # process 1 ends, and with it, by the kernel, everything in its world


def _hostile(kernel: Kernel, program: Program, requests: int, replies: int) -> None:
    try:
        die_with_parent(kernel)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        nothing = os.open("/dev/null", os.O_RDWR)
        for descriptor, wanted in ((requests, 10), (replies, 11), (nothing, 12)):
            os.dup2(descriptor, wanted)
        for descriptor, wanted in ((12, 0), (12, 1), (12, 2), (10, answerer.REQUESTS), (11, answerer.REPLIES)):
            os.dup2(descriptor, wanted)
        os.closerange(5, os.sysconf("SC_OPEN_MAX"))
        sys.argv[1:] = []
        if program.isolated:
            become_nobody(kernel, program.second_user)
        apply_limits(program.limits)
        answerer.serve(program.code, program.entry_point)
    finally:
        os._exit(0)


def _death(hostile: int) -> str:
    # Process 1 also inherits orphans; only the hostile process itself is asked for, and its line closes before it ends.
    ended, status, patience = 0, 0, 20
    while not ended and patience:
        ended, status = os.waitpid(hostile, os.WNOHANG)
        patience -= 1
        time.sleep(0 if ended else 0.01)
    if not ended:
        return ""
    if os.WIFSIGNALED(status):
        return f"killed by {signal.Signals(os.WTERMSIG(status)).name}"
    return f"exited with {os.WEXITSTATUS(status)}"


def _tell(outcome: str, detail: str, answers: list[dict[str, Any]] | None = None) -> None:
    plain = [dumps(answer).decode() for answer in answers or ()]
    with open(VERDICT, "wb", closefd=False) as out:
        out.write(json.dumps({"outcome": outcome, "detail": detail, "answers": plain}).encode())
