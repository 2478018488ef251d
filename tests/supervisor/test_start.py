"""What refuses a start, and what a killed supervisor leaves behind."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pleiade.domain import Model, ModelFormat, ModelKind
from pleiade.registry import add_model, deploy
from pleiade.store import migrate, open_database
from pleiade.supervisor import SupervisorError, bind, is_running, lock_home, prepare_home, url_of
from pleiade.supervisor.orphans import Record, end_orphans, start_of

LAUNCHER = Path(__file__).parent / "supervisor_launcher.py"


def test_a_port_in_use_is_named_with_what_to_do() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(SupervisorError, match=rf"port {port} .* in use .*--port {port + 1}"):
            bind("127.0.0.1", port)


def test_an_address_of_another_machine_is_named() -> None:
    with pytest.raises(SupervisorError, match=r"192\.0\.2\.1 is not an address of this machine"):
        bind("192.0.2.1", 0)


def test_a_host_that_is_no_address_is_named() -> None:
    with pytest.raises(SupervisorError, match=r"'no such host' is not an address"):
        bind("no such host", 0)


def test_port_zero_takes_a_free_one_and_the_url_names_it() -> None:
    with bind("0.0.0.0", 0) as listener:
        assert url_of(listener) == f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_a_home_is_private(tmp_path: Path) -> None:
    home = prepare_home(tmp_path / "deep" / "home")
    for folder in (home.path, home.run, home.logs, home.models, home.metrics):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_file_in_place_of_the_home_is_named(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("not a folder")
    with pytest.raises(SupervisorError, match=r"home is a file.*--home"):
        prepare_home(tmp_path / "home")


def test_a_second_start_on_the_same_home_is_refused_with_the_first_ones_pid(tmp_path: Path) -> None:
    home = prepare_home(tmp_path / "home")
    lock = lock_home(home)
    lock.announce("http://127.0.0.1:8000")
    assert is_running(home)
    with pytest.raises(SupervisorError, match=rf"process {os.getpid()}, http://127.0.0.1:8000.*--home"):
        lock_home(home)
    lock.release()
    assert not is_running(home)
    lock_home(home).release()


def test_a_lock_file_that_a_crash_left_blocks_nobody(tmp_path: Path) -> None:
    home = prepare_home(tmp_path / "home")
    home.lock.write_text("1\nhttp://127.0.0.1:8000\n")  # a pid that runs, but holds no lock
    assert not is_running(home)
    lock_home(home).release()


@pytest.fixture
def launched(tmp_path: Path) -> Iterator[tuple[Path, subprocess.Popen[str]]]:
    """A supervisor in its own process, with one engine that knows the lifeline and one that does not."""
    home = prepare_home(tmp_path / "home")
    db = open_database(f"sqlite:///{home.path / 'pleiade.db'}")
    migrate(db)
    add_model(db, Model(id="toy", kind=ModelKind.TEXT, format=ModelFormat.SAFETENSORS, path="/nowhere"))
    deploy(db, "ours", model="toy", engine="scripted")
    deploy(db, "foreign", model="toy", engine="scripted", options={"no_lifeline": True, "ignore_drain": True})
    db.dispose()
    process = launch(home.path)
    yield home.path, process
    process.kill()
    process.wait()
    end_orphans(home.children)


def launch(home: Path) -> "subprocess.Popen[str]":
    """Start it and wait until everything is ready."""
    process = subprocess.Popen([sys.executable, str(LAUNCHER), str(home)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "settled\n"
    return process


def children_of(home: Path) -> dict[str, int]:
    """Deployment or "gateway" → pid, as recorded."""
    records = json.loads((home / "run" / "children.json").read_bytes())
    names = {}
    for record in records:
        line = " ".join(record["argv"])
        kind = "gateway" if "gateway" in line else "foreign" if "no-lifeline" in line else "ours"
        names[kind] = record["pid"]
    return names


def gone(pid: int, within_s: float = 20.0) -> bool:
    """Whether a process ends in time."""
    deadline = time.monotonic() + within_s
    while start_of(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not start_of(pid)


def test_a_killed_supervisor_leaves_no_orphan_of_ours_and_the_next_start_ends_the_others(
    launched: tuple[Path, "subprocess.Popen[str]"],
) -> None:
    home, process = launched
    children = children_of(home)
    assert sorted(children) == ["foreign", "gateway", "ours"]
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert gone(children["gateway"])
    assert gone(children["ours"])
    assert start_of(children["foreign"])  # it knows no lifeline
    again = launch(home)
    assert gone(children["foreign"])
    again.terminate()
    assert again.wait(30) == 0


def test_sigterm_ends_everything_and_frees_the_home(launched: tuple[Path, "subprocess.Popen[str]"]) -> None:
    home, process = launched
    children = children_of(home)
    process.terminate()
    assert process.wait(30) == 0
    assert not any(start_of(pid) for pid in children.values())
    assert not is_running(prepare_home(home))


def test_a_process_that_only_has_the_number_of_an_orphan_is_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=True)
    try:
        argv = (sys.executable, "-c", "import time; time.sleep(60)")
        path = tmp_path / "children.json"
        for record in (
            Record(bystander.pid, "1", argv),  # another start
            Record(bystander.pid, start_of(bystander.pid), (sys.executable, "-m", "pleiade.gateway")),
        ):
            path.write_text(json.dumps([{"pid": record.pid, "started": record.started, "argv": record.argv}]))
            assert end_orphans(path) == []
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
