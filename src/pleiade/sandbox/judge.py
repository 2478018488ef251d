"""The trusted side: runs the tests, asks the hostile process for each call, and alone can give a verdict.

The hostile process was forked before the tests were read, so they are not in its memory; it cannot see or stop the
judge, and has no way to the verdict's pipe. It passes only by answering right.
"""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from pleiade.sandbox.wire import MAX_LINE, dumps, loads


class OutOfTimeError(BaseException):
    """The wall clock's bound; no test may catch it by accident."""


class CallError(Exception):
    """The hostile function raised, answered nonsense, or its process is gone."""


class Gone(CallError):  # noqa: N818 - a fact, not a fault of ours
    """The hostile process has ended or cut the line."""


class Candidate:
    """The hostile function as tests see it."""

    def __init__(self, requests: int, replies: int) -> None:
        self._requests = requests
        self._replies = replies
        self._unread = b""

    def __call__(self, *positional: Any, **named: Any) -> Any:
        """Ask for one call. Raises CallError."""
        try:
            _write_all(self._requests, dumps((positional, named)))
        except BrokenPipeError as error:
            raise Gone("its process has ended") from error
        return self.reply()

    def reply(self) -> Any:
        """The next value. Raises CallError."""
        while b"\n" not in self._unread:
            if len(self._unread) > MAX_LINE:
                raise CallError("the answer is too large")
            piece = os.read(self._replies, 1 << 16)
            if not piece:
                raise Gone("its process has ended")
            self._unread += piece
        line, _, self._unread = self._unread.partition(b"\n")
        try:
            answer = loads(line)
        except ValueError as error:
            raise CallError(str(error)) from error
        if not isinstance(answer, dict) or len(answer) != 1:
            raise CallError("the answer is malformed")
        if "value" not in answer:
            raise CallError(str(answer.get("error"))[:500])
        return answer["value"]


def judge(candidate: Candidate, tests: str, entry_point: str, wall_seconds: float) -> tuple[str, str]:
    """Run `tests`, which define `check(candidate)` or call `entry_point` by name. Returns (outcome, detail):
    passed, failed (a test said no), error (the code raised), killed, timeout.
    """

    try:
        with _clock(wall_seconds):
            candidate.reply()  # the code has been executed
            namespace: dict[str, Any] = {"__name__": "tests", entry_point: candidate}
            exec(compile(tests, "tests", "exec"), namespace)
            if "check" in namespace:
                namespace["check"](candidate)
        return "passed", ""
    except OutOfTimeError:
        return "timeout", f"not finished after {wall_seconds:g} s"
    except AssertionError as error:
        return "failed", str(error)[:500]
    except Gone as error:
        return "killed", str(error)
    except CallError as error:
        return "error", str(error)
    except (Exception, SystemExit) as error:  # a test that cannot be run here is not passed
        return "error", f"the test: {type(error).__name__}: {error}"[:500]


def answers(candidate: Candidate, calls: list[Any], wall_seconds: float) -> tuple[str, str, list[dict[str, Any]]]:
    """Ask for each of `calls`, pairs of positional and named arguments. Returns (outcome, detail, answers): as many
    answers, {"value"} or {"error"}, as there were before it was killed or out of time; else the outcome is passed.
    """
    told: list[dict[str, Any]] = []
    try:
        with _clock(wall_seconds):
            candidate.reply()  # the code has been executed
            for positional, named in calls:
                try:
                    told.append({"value": candidate(*positional, **named)})
                except Gone:
                    raise
                except CallError as error:
                    told.append({"error": str(error)})
        return "passed", "", told
    except OutOfTimeError:
        return "timeout", f"not finished after {wall_seconds:g} s", told
    except Gone as error:
        return "killed", str(error), told
    except CallError as error:
        return "error", str(error), told


@contextmanager
def _clock(seconds: float) -> Iterator[None]:
    def ring(_signal: int, _frame: FrameType | None) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)  # once: the hostile process, too, may ring
        raise OutOfTimeError

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        signal.setitimer(signal.ITIMER_REAL, 0)


def _write_all(target: int, data: bytes) -> None:
    while data:
        data = data[os.write(target, data) :]
