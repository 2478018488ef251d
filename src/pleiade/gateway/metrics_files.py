"""How several gateways tell one picture: each writes what it counted to a file, any of them adds the files
up.

The files of workers that died stay until `pleiade up` starts anew, for what they counted happened.
"""

import os
from pathlib import Path

import msgspec


class Counts(msgspec.Struct, array_like=True):
    """One histogram under one set of labels: observations by bucket, and the sum of their values."""

    name: str
    labels: tuple[str, ...]
    counts: list[int]
    total: float


class Flights(msgspec.Struct, array_like=True, frozen=True):
    """Calls of one deployment that are being answered for one project."""

    organisation: str
    project: str
    deployment: str
    waiting: int  # for the first token
    running: int


class Snapshot(msgspec.Struct, array_like=True):
    """All that one process counted."""

    pid: int
    in_flight: int
    requests: list[tuple[str, int, str, int]]  # route, status, deployment, how many
    histograms: list[Counts]
    sold: list[tuple[str, str, str, int]] = []  # storefront, currency, deployment, nano
    refused: list[tuple[str, str, int]] = []  # deployment, why, how many
    open_calls: int = 0  # reserved in the journal and not settled
    ledger_stuck: int = 0  # 1 where the journal cannot be written
    flights: list[Flights] = []


_decoder = msgspec.msgpack.Decoder(Snapshot)


def write_snapshot(file: Path, snapshot: Snapshot, before: bytes) -> bytes:
    """Replace `file` by `snapshot` unless it says the same as `before`; what it says now."""
    content = msgspec.msgpack.encode(snapshot)
    if content != before:
        new = file.with_suffix(".new")
        new.write_bytes(content)
        new.replace(file)
    return content


def read_snapshots(folder: Path, *, but: Path) -> list[Snapshot]:
    """The snapshots of the other processes; those that are dead have nothing in flight."""
    snapshots = []
    for file in folder.glob("gateway_*.db"):
        if file == but:
            continue
        try:
            snapshot = _decoder.decode(file.read_bytes())
        except FileNotFoundError:  # the folder is being cleaned
            continue
        if not _alive(snapshot.pid):
            snapshot.in_flight = snapshot.open_calls = snapshot.ledger_stuck = 0
            snapshot.flights = []
        snapshots.append(snapshot)
    return snapshots


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
