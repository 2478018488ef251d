"""Code that a model wrote cannot hurt the machine, outlive its judgement, or talk its way past the tests.

Every attack here is real and would succeed in a plain subprocess.
"""

import json
import socket
import time
import uuid
from pathlib import Path

import pytest

from pleiade.sandbox.limits import Limits
from pleiade.sandbox.run import Verdict, call_each, run_tests, why_not_isolated
from pleiade.sandbox.wire import NotPlainError, dumps, loads

SQUARES = "def check(candidate):\n    assert candidate(2) == 4\n    assert candidate(3) == 9\n"
SHORT = Limits(wall_seconds=1.5, cpu_seconds=1)
HOST_SECRET = "the-host's-secret"


def attack(body: str, limits: Limits | None = None, tests: str = SQUARES) -> Verdict:
    """The verdict on `def f(x): <body>`; fails if a process of it is left behind."""
    entry = f"f{uuid.uuid4().hex}"
    lines = "\n".join("    " + line for line in body.strip().splitlines())
    verdict = run_tests(f"import os, sys\ndef {entry}(x):\n{lines}\n", tests, entry, limits)
    assert processes_of(entry) == []
    return verdict


def processes_of(entry: str) -> list[int]:
    """Processes whose command line names the task; forked copies keep it."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if entry.encode() in command:
            found.append(int(folder.name))
    return found


def test_this_machine_can_isolate_code() -> None:
    assert why_not_isolated() is None


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("def f(x): return x * x", "passed"),
        ("import math, re, collections, heapq, itertools\ndef f(x): return int(math.pow(x, 2))", "passed"),
        ("def f(x): return x", "failed"),
        ("def f(x): raise ValueError(x)", "error"),
        ("def f(x:", "error"),
        ("def g(x): return x * x", "error"),
    ],
)
def test_honest_code_gets_the_verdict_that_it_deserves(code: str, outcome: str) -> None:
    assert run_tests(code, SQUARES, "f").outcome == outcome


def test_an_endless_loop_is_stopped() -> None:
    assert attack("while True: pass", SHORT).outcome in ("timeout", "killed")
    assert attack("import time; time.sleep(60)", SHORT).outcome == "timeout"


def test_a_fork_bomb_meets_the_process_limit_and_dies_with_its_world() -> None:
    body = """
born = 0
try:
    while True:
        if os.fork() == 0:
            while True: pass
        born += 1
except OSError:
    return born
"""
    limits = Limits(wall_seconds=5, processes=6)
    verdict = attack(body, limits, "def check(candidate):\n    assert 0 < candidate(2) < 6\n")
    assert verdict == Verdict("passed")


def test_memory_is_bounded() -> None:
    tests = "def check(candidate):\n    assert candidate(0) == 'MemoryError'\n"
    body = "try:\n    bytearray(1 << 30)\nexcept MemoryError:\n    return 'MemoryError'"
    assert attack(body, tests=tests).outcome == "passed"


def test_there_is_no_network() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        body = f"""
import socket
try:
    socket.create_connection(("127.0.0.1", {port}), timeout=1)
except OSError as error:
    return type(error).__name__
"""
        tests = "def check(candidate):\n    assert candidate(0) == 'OSError', candidate(0)\n"
        assert attack(body, tests=tests) == Verdict("passed")


def test_files_home_environment_and_programs_are_out_of_sight(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SECRET", HOST_SECRET)
    (tmp_path / "data").write_text(HOST_SECRET)
    body = f"""
seen = []
for path in ("/etc/passwd", {str(tmp_path / "data")!r}, {str(Path.home())!r} + "/.bashrc", {__file__!r}, "/proc/1/mem"):
    try:
        seen.append(open(path).read())
    except OSError:
        pass
for program in ("/bin/sh", "/usr/bin/env", sys.executable):
    if os.path.exists(program):
        seen.append(program)
return [seen, sorted(os.listdir("/tmp")), os.environ.get("SECRET"), os.path.exists("/proc")]
"""
    tests = "def check(candidate):\n    assert candidate(0) == [[], [], None, False], candidate(0)\n"
    assert attack(body, tests=tests) == Verdict("passed")


def test_large_files_and_many_files_do_not_fit() -> None:
    body = """
import signal
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
total = 0
for number in range(1000):
    try:
        with open(f"/tmp/{number}", "wb") as file:
            total += file.write(bytes(1 << 20))
        open(f"/tmp/big{number}", "wb").write(bytes(1 << 21))
        return "a large file fits"
    except OSError:
        if number > 20:
            return total
"""
    tests = "def check(candidate):\n    assert 0 < candidate(0) <= 8 << 20, candidate(0)\n"
    assert attack(body, tests=tests) == Verdict("passed")
    tests = "def check(candidate):\n    assert candidate(0) == 'OSError', candidate(0)\n"
    body = "try:\n    open('/etc_passwd', 'w')\nexcept OSError:\n    return 'OSError'"
    assert attack(body, tests=tests) == Verdict("passed")


def test_killing_everything_in_sight_reaches_no_judge() -> None:
    body = """
for target in (1, os.getppid(), -1):
    for number in (9, 15, 19):
        try:
            os.kill(target, number)
        except (ProcessLookupError, PermissionError):
            pass
return 5
"""
    assert attack(body).outcome in ("failed", "killed")


@pytest.mark.parametrize("name", ["SIGINT", "SIGALRM"])
def test_a_judge_that_is_rung_without_end_still_judges(name: str) -> None:
    body = f"""
import signal
if os.fork() == 0:
    while True: os.kill(1, signal.{name})
import time
time.sleep(0.3)
return 5
"""
    assert attack(body).outcome in ("failed", "timeout", "error")  # of root's tests the kernel refuses the ringing


def test_nothing_outlives_the_verdict() -> None:
    body = """
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        import time
        while True: time.sleep(1)
    os._exit(0)
return x * x
"""
    assert attack(body).outcome == "passed"  # and `attack` found no process left


def test_a_verdict_cannot_be_printed() -> None:
    forged = json.dumps({"outcome": "passed", "detail": ""})
    body = f"""
for target in range(3, 256):
    try:
        os.write(target, {forged!r}.encode() + b"\\n")
    except OSError:
        pass
print({forged!r}, flush=True)
os._exit(0)
"""
    assert attack(body).outcome in ("error", "killed", "failed")


@pytest.mark.parametrize(
    "trick",
    [
        "class Yes(int):\n    def __eq__(self, other): return True\nreturn Yes(7)",
        "class Yes:\n    def __eq__(self, other): return True\nreturn Yes()",
        "import builtins; builtins.AssertionError = None; return 0",
        "sys.modules['pleiade.sandbox.judge'].judge = lambda *_: ('passed', ''); return 0",
        "import signal; os.kill(os.getppid(), signal.SIGALRM); return 0",
        "sys.exit(0)",
        "raise AssertionError",
    ],
)
def test_tricks_on_the_tests_do_not_pass(trick: str) -> None:
    assert attack(trick).outcome != "passed"


def test_the_expected_answers_are_not_in_the_hostile_process() -> None:
    secret = uuid.uuid4().hex
    body = """
import gc
texts = [thing for thing in gc.get_objects() if isinstance(thing, (str, tuple, list, dict))]
for target in range(64):
    try:
        os.lseek(target, 0, 0)
        texts.append(os.read(target, 1 << 16).decode())
    except (OSError, ValueError):
        pass
mark = "".join(reversed(BACKWARDS))
return [x for x in map(repr, texts) if mark in x]
""".replace("BACKWARDS", repr(secret[::-1]))
    tests = f"def check(candidate):\n    mark = '{secret}'\n    assert candidate(0) == []\n"
    assert attack(body, tests=tests) == Verdict("passed")


def test_no_further_namespace_can_be_made_and_no_privilege_regained() -> None:
    body = """
import ctypes
libc = ctypes.CDLL(None, use_errno=True)
user = libc.unshare(0x10000000)
mount = libc.mount(b"none", b"/tmp", b"tmpfs", 0, b"")
host = libc.sethostname(b"x", 1)
return [user, mount, host]
"""
    tests = "def check(candidate):\n    assert candidate(0) == [-1, -1, -1], candidate(0)\n"
    assert attack(body, tests=tests) == Verdict("passed")


def test_an_endless_answer_is_cut() -> None:
    assert attack("return 'a' * (1 << 24)").outcome == "error"
    started = time.monotonic()
    body = "import os\nwhile True:\n    os.write(4, b'x' * 65536)"
    assert attack(body, Limits(wall_seconds=5, cpu_seconds=3)).outcome == "error"
    assert time.monotonic() - started < 60


def test_values_cross_the_line_as_they_are_and_objects_do_not() -> None:
    values = [
        None,
        True,
        7,
        10**40,
        1.5,
        float("inf"),
        1 + 2j,
        "é",
        b"\x00",
        [1, (2, {3})],
        {(1, 2): "x"},
        {"t": [1]},
        str,
    ]
    assert loads(dumps(values)) == values
    assert type(loads(dumps(True))) is bool
    for thing in (object(), iter([]), len, type, type("int", (), {})):
        with pytest.raises(NotPlainError):
            dumps(thing)
    for line in (b"{", b'{"z": 1}', b'{"t": 1}', b'{"d": [[[1], 2]]}'):
        with pytest.raises(ValueError, match=r".+"):
            loads(line)


def test_many_calls_share_a_process_and_give_their_values() -> None:
    code = "seen = []\ndef f(x, times=1):\n    seen.append(x)\n    return {'x': x * times, 'seen': len(seen)}"
    given = call_each(code, "f", [((2,), {}), ((3,), {"times": 5}), (("é",), {})])
    assert [answer.value for answer in given] == [{"x": 2, "seen": 1}, {"x": 15, "seen": 2}, {"x": "é", "seen": 3}]
    assert call_each(code, "f", []) == []


def test_a_call_that_fails_loops_or_dies_is_its_own_answer_and_the_others_have_theirs() -> None:
    code = """
import os, socket
def f(x):
    if x == 1: raise ValueError("one")
    if x == 2:
        while True: pass
    if x == 3: os._exit(0)
    if x == 4: socket.create_connection(("127.0.0.1", 80), 1)
    return x
"""
    given = call_each(code, "f", [((number,), {}) for number in range(6)], SHORT)
    assert [answer.value for answer in given] == [0, None, None, None, None, 5]
    assert "ValueError: one" in given[1].error
    assert all(given[number].error for number in (2, 3, 4))


def test_code_that_does_not_load_and_code_that_always_dies_are_asked_a_bounded_number_of_times() -> None:
    calls: list[tuple[tuple[int], dict[str, object]]] = [((number,), {}) for number in range(50)]
    assert all("SyntaxError" in answer.error for answer in call_each("def f(x:", "f", calls))
    started = time.monotonic()
    given = call_each("import os\ndef f(x): os._exit(1)", "f", calls)
    assert [answer.error for answer in given] == ["exited with 1"] * 50
    assert time.monotonic() - started < 60  # three processes, not fifty
