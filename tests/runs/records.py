"""Runs as tests want them, and the way that they go into a database."""

import tempfile
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from pleiade.runs import Part, Run
from pleiade.runs.shipping import Shipper
from pleiade.runs.spool import Spool

MONDAY_MS = 1_795_392_000_000  # 2026-11-23, 00:00 UTC


def a_run(said: str = "", **fields: Any) -> Run:
    """A run that went well; `said` is its answer, where that is kept."""
    parts = (Part(b'{"messages":[]}', said.encode(), stream=False, cut=False),) if said else ()
    usual: dict[str, Any] = {
        "id": f"run_{uuid.uuid4().hex}",
        "time_ms": MONDAY_MS,
        "organisation": "acme",
        "project": "proj_a",
        "key": "key_a",
        "user": "",
        "route": "/chat/completions",
        "operation": "chat",
        "deployment": "chat",
        "model": "pico-1",
        "status": 200,
        "outcome": "completed",
        "error": "",
        "stream": True,
        "prompt_tokens": 10,
        "completion_tokens": 5,
        "cached_tokens": 4,
        "images": 0,
        "cost": 0,
        "currency": "",
        "asked_ms": 1,
        "first_ms": 20,
        "ms": 100,
        "parts": parts,
    }
    return Run(**usual | fields)


def ship(db: sa.Engine, runs: Sequence[Run], *, keep: bool = True) -> None:
    """Through a spool and the keeper's shipper, as a gateway's go."""
    with tempfile.TemporaryDirectory() as folder:
        spool = Spool(Path(folder))
        for run in runs:
            spool.add(run)
        spool.flush()
        while Shipper(Path(folder), db, keep=keep).turn():
            pass
