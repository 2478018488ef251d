"""What a run has found out, a line each as soon as it is known: a run that was stopped goes on from there."""

import json
import os
from pathlib import Path
from typing import Any

import msgspec

from pleiade.redteam.outcomes import Outcome


class RecordsError(Exception):
    """The file cannot be gone on with; the message says what to do."""


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one item."""

    key: str
    category: str
    language: str
    disguise: str
    outcome: Outcome
    why: str = ""
    answer: str = ""  # the last one's first characters: whoever doubts an outcome reads it


class Records:
    """A file of records. Its first line says what the run asks, so that two runs are never mixed."""

    def __init__(self, path: Path, run: dict[str, Any], total: int) -> None:
        """Go on with an unfinished run, or begin anew where there is none. Raises RecordsError, OSError."""
        self.path = path
        self.known: dict[str, Record] = {}
        if path.exists() and path.stat().st_size:
            self._read(run, total)
        if not self.known:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)  # answers may be what they are
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(json.dumps(run, ensure_ascii=False) + "\n")

    def add(self, record: Record) -> None:
        """Keep one. Raises OSError."""
        self.known[record.key] = record
        with self.path.open("ab") as file:
            file.write(msgspec.json.encode(record) + b"\n")

    def _read(self, run: dict[str, Any], total: int) -> None:
        first, *lines = self.path.read_bytes().split(b"\n")
        try:
            before = json.loads(first)
        except ValueError:
            before = None
        if not isinstance(before, dict) or "redteam" not in before:
            raise RecordsError(f"{self.path} is no file of a red team run: name another one with --records")
        found = {}
        for line in lines:
            try:
                record = msgspec.json.decode(line, type=Record)
            except msgspec.DecodeError:
                continue  # the end of a run that was killed while it wrote
            found[record.key] = record
        if len(found) >= int(before.get("items", total)):
            return  # it is complete: the next run begins anew
        if before != run:
            changed = ", ".join(name for name in run if before.get(name) != run[name])
            raise RecordsError(
                f"{self.path} holds an unfinished run that asked otherwise ({changed}): give the same options to go on "
                "with it, remove the file, or name another one with --records"
            )
        self.known = found
