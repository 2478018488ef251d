"""Many rows in one statement, past SQLAlchemy's parameters, which would cost three times as much as the rows."""

from collections.abc import Sequence

import sqlalchemy as sa


def insert_rows(connection: sa.Connection, table: sa.Table, rows: Sequence[Sequence[object]], then: str = "") -> None:
    """Insert rows whose values stand in the order of the table's columns; `then` is an ON CONFLICT clause."""
    names = ", ".join(f'"{column.name}"' for column in table.columns)
    insert = f'INSERT INTO "{table.name}" ({names})'
    if connection.dialect.name == "postgresql":
        # One statement with an array for each column: no round trip for a row, no limit on parameters.
        kinds = [column.type.compile(connection.dialect) for column in table.columns]
        arrays = ", ".join(f"%s::{kind}[]" for kind in kinds)
        columns = tuple(list(values) for values in zip(*rows, strict=True))
        # WHERE true: before ON CONFLICT the parser takes a FROM without WHERE for the beginning of a join.
        connection.exec_driver_sql(f"{insert} SELECT * FROM unnest({arrays}) WHERE true {then}", columns)
    else:
        marks = ", ".join("?" for _ in table.columns)
        connection.exec_driver_sql(f"{insert} VALUES ({marks}) {then}", [tuple(row) for row in rows])


def adding(table: sa.Table, names: Sequence[str]) -> str:
    """The clause that adds the values of `names` to a row that is there already."""
    keys = ", ".join(f'"{column.name}"' for column in table.primary_key)
    sums = ", ".join(f'"{name}" = "{table.name}"."{name}" + excluded."{name}"' for name in names)
    return f"ON CONFLICT ({keys}) DO UPDATE SET {sums}"
