"""Settings that may be changed while the server runs: kept in the database, followed by every process."""

import time
from collections.abc import Mapping
from typing import Any

import msgspec
import sqlalchemy as sa

from pleiade.domain import DEFAULT_ORGANISATION, Actor
from pleiade.settings import Settings, problems_of
from pleiade.store import bump_version, reading
from pleiade.store.house import house_settings
from pleiade.tenancy.change import change
from pleiade.tenancy.errors import InvalidError

VERSION = "house_settings"  # the counter that processes poll
# What can be put in force without a new start.
CHANGEABLE = ("runs", "runs_days", "runs_most", "runs_redact", "log_level")
_TYPES = {field.name: field.type for field in msgspec.structs.fields(Settings)}


class Adjusted(msgspec.Struct, frozen=True):
    """A value that somebody set while the server ran."""

    value: Any
    changed: int  # Unix seconds
    changed_by: str


def adjusted(db: sa.Engine) -> dict[str, Adjusted]:
    """What is changed, by name. Raises StoreError."""
    with reading(db) as connection:
        rows = connection.execute(sa.select(house_settings)).all()
    return {row.name: Adjusted(msgspec.json.decode(row.value), row.changed, row.changed_by) for row in rows}


def in_force(settings: Settings, changed: Mapping[str, Adjusted]) -> Settings:
    """`settings` as they are in force; what a newer Pleiade changed and this one does not know is passed over."""
    known = {name: one.value for name, one in changed.items() if name in CHANGEABLE}
    return msgspec.structs.replace(settings, **known)


def adjust(db: sa.Engine, settings: Settings, wanted: Mapping[str, Any], *, by: str, actor: Actor) -> None:
    """Set values, or (None) take up again what the server was started with. All of them, or none.

    Raises InvalidError, StoreError.
    """
    values = {name: _converted(name, value) for name, value in wanted.items() if value is not None}
    for name in wanted:
        if name not in CHANGEABLE:
            raise InvalidError(f"'{name[:64]}' cannot be changed while the server runs: {_how(name)}", param=name[:64])
    problems = problems_of(msgspec.structs.replace(settings, **values))
    if problems:
        raise InvalidError("; ".join(problems), param=next(iter(values)))
    with change(db, actor) as act:
        connection, moment = act.connection, int(time.time())
        before = {row.name: row.value for row in connection.execute(sa.select(house_settings))}
        connection.execute(sa.delete(house_settings).where(house_settings.c.name.in_(list(wanted))))
        rows = [
            {"name": name, "value": msgspec.json.encode(value).decode(), "changed": moment, "changed_by": by}
            for name, value in values.items()
        ]
        if rows:
            connection.execute(sa.insert(house_settings), rows)
        for name, value in wanted.items():
            old = msgspec.json.decode(before[name]) if name in before else getattr(settings, name)
            new = values.get(name, getattr(settings, name))
            data = {"before": old, "after": new, "reset": value is None}
            act.record("setting.updated", DEFAULT_ORGANISATION, name, data=data)
        bump_version(connection, VERSION)


def _converted(name: str, value: Any) -> Any:
    if name not in _TYPES:
        return value  # refused by its name
    try:
        return msgspec.convert(value, _TYPES[name])
    except msgspec.ValidationError as error:
        kind = getattr(_TYPES[name], "__name__", str(_TYPES[name]))
        raise InvalidError(f"'{name}' has to be of the type {kind}", param=name) from error


def _how(name: str) -> str:
    return f"set PLEIADE_{name.upper()} and start it again" if name in _TYPES else "there is no such setting"
