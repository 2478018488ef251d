"""What the work on jobs has at hand: the database, files, where models and runs lie, and the lab's Python."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import sqlalchemy as sa

from pleiade.files.contents import Contents
from pleiade.settings import Settings
from pleiade.store import reading, unit_of_work

T = TypeVar("T")


class House(msgspec.Struct, frozen=True):
    """One home on one machine."""

    db: sa.Engine
    contents: Contents
    home: Path
    lab_python: str  # as set; "" = found

    def folder(self, job: str) -> Path:
        """Where a job's files and its run lie until it ends."""
        return self.home / "fine-tuning" / job

    @property
    def models(self) -> Path:
        """Where what came out stays."""
        return self.home / "models" / "fine-tuned"

    @property
    def table(self) -> Path:
        """Where deployments answer now, as the supervisor writes it."""
        return self.home / "run" / "endpoints.json"

    def read(self, query: Callable[..., T], *arguments: Any, **more: Any) -> T:
        """`query` of a connection and those, on one snapshot."""
        with reading(self.db) as connection:
            return query(connection, *arguments, **more)

    def write(self, change: Callable[..., T], *arguments: Any, **more: Any) -> T:
        """`change` of a connection and those, in a transaction."""
        with unit_of_work(self.db) as connection:
            return change(connection, *arguments, **more)


def house_of(settings: Settings, db: sa.Engine, contents: Contents) -> House:
    """The house of these settings."""
    return House(db, contents, settings.home_path, settings.lab_python)
