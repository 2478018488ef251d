"""Rows of tables as structs."""

from typing import TypeVar

import msgspec
import sqlalchemy as sa

T = TypeVar("T", bound=msgspec.Struct)


def struct_of(row: sa.RowMapping, type: type[T]) -> T:
    """A row as a struct whose fields are named as its columns (SQLAlchemy's names are a subclass of str)."""
    return msgspec.convert({str(name): value for name, value in row.items()}, type)
