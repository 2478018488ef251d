"""`pleiade doctor` finds what is wrong, says how to mend it, and changes nothing."""

import json
import socket
from pathlib import Path
from typing import Any

import pytest

from pleiade.registry.bundled import EMBEDDING_MODEL

Shell = Any  # tests/cli/conftest.py


def checks(shell: Shell, *words: str) -> dict[str, dict[str, str]]:
    """Check → finding."""
    result = shell("doctor", "--json", *words)
    report = json.loads(result.stdout)
    assert result.exit_code == (0 if report["ok"] else 1)
    return {finding["check"]: finding for finding in report["checks"]}


def free_port() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


def test_an_installation_without_a_home_is_sound_and_stays_untouched(new_shell: Shell) -> None:
    found = checks(new_shell, "--port", free_port())
    for check in (
        "python",
        "packages",
        "cpu",
        "settings",
        "home",
        f"weights of {EMBEDDING_MODEL}",
        "database",
    ):
        assert found[check]["verdict"] == "ok", found[check]
    assert not new_shell.home.exists()


def test_a_port_in_use_is_wrong_and_another_is_proposed(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        finding = checks(shell, "--port", str(port))["port"]
    assert finding["verdict"] == "wrong"
    assert f"--port {port + 1}" in finding["mend"]


def test_an_admin_key_that_others_can_read_is_wrong(shell: Shell) -> None:
    from pleiade.store import open_database
    from pleiade.tenancy.admin_key import ensure_admin_key

    shell.ok("key", "list")
    path = shell.home / "admin.key"
    db = open_database(f"sqlite:///{shell.home / 'pleiade.db'}")
    secret = ensure_admin_key(db, path)
    assert path.read_text().strip() == secret
    assert path.stat().st_mode & 0o777 == 0o600
    assert ensure_admin_key(db, path) == ""  # there is one now
    assert checks(shell)["admin key"]["verdict"] == "ok"
    path.chmod(0o644)
    finding = checks(shell)["admin key"]
    assert (finding["verdict"], finding["mend"]) == ("wrong", f"chmod 600 {path}")
    path.chmod(0o600)
    rotated = shell.ok("key", "rotate", "admin").strip()
    assert path.read_text().strip() == rotated  # the file follows its key
    shell.ok("key", "revoke", "admin")
    assert "is revoked" in checks(shell)["admin key"]["found"]
    db.dispose()


def test_a_damaged_database_is_wrong(shell: Shell) -> None:
    shell.ok("key", "list")
    (shell.home / "pleiade.db").write_bytes(b"no database at all" * 500)
    for extra in ("pleiade.db-wal", "pleiade.db-shm"):
        (shell.home / extra).unlink(missing_ok=True)
    finding = checks(shell)["database"]
    assert finding["verdict"] == "wrong"
    assert "put back a copy" in finding["mend"]


def test_a_database_from_the_future_is_wrong(shell: Shell) -> None:
    import sqlite3

    shell.ok("key", "list")
    with sqlite3.connect(shell.home / "pleiade.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    assert "newer than this Pleiade" in checks(shell)["database"]["found"]


def test_a_model_whose_files_are_gone_is_wrong(shell: Shell, tmp_path: Path) -> None:
    import shutil

    from pleiade.registry.bundled import bundled_folders

    folder = tmp_path / "encoder"
    shutil.copytree(bundled_folders()[EMBEDDING_MODEL], folder)
    shell.ok("model", "add", str(folder))
    shutil.rmtree(folder)
    finding = checks(shell)["model encoder"]
    assert finding["verdict"] == "wrong"
    assert "pleiade model remove encoder" in finding["mend"]


def test_weights_that_are_not_installed_or_changed_are_wrong(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from pleiade.registry import bundled

    monkeypatch.setattr(bundled, "bundled_folders", dict)
    assert checks(shell)[f"weights of {EMBEDDING_MODEL}"]["found"] == "not installed"
    (tmp_path / "model.safetensors").write_bytes(b"something else")
    monkeypatch.setattr(bundled, "bundled_folders", lambda: {EMBEDDING_MODEL: tmp_path})
    assert "not what was published" in checks(shell)[f"weights of {EMBEDDING_MODEL}"]["found"]


def test_wrong_settings_are_all_told(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLEIADE_WORKERS", "0")
    monkeypatch.setenv("PLEIADE_DRAIN_S", "-1")
    finding = checks(shell)["settings"]
    assert finding["verdict"] == "wrong"
    assert "workers 0" in finding["found"]
    assert "drain_s" in finding["found"]


def test_people_read_the_same(shell: Shell) -> None:
    said = shell("doctor", "--port", free_port()).stdout
    assert "ok    python" in said
    assert said.rstrip().endswith("wrong")


def test_a_running_server_is_examined_with_its_engines(shell: Shell, server: Any) -> None:
    shell.home = server.home
    found = checks(shell)
    assert server.url in found["port"]["found"]
    assert found["engine of pleiade-embed"]["verdict"] == "ok"
    assert found["admin key"]["verdict"] == "ok"
