"""Where each value comes from: the default, the environment, an option of `pleiade up`, or a change while it runs."""

import os
import re
from collections.abc import Mapping
from typing import Any

import msgspec

from pleiade.house.adjusting import CHANGEABLE, Adjusted, in_force
from pleiade.settings import ORIGINS_VARIABLE, Origin, Settings

_USERINFO = re.compile(r"(?<=://)[^/@]*@")
_QUERY = re.compile(r"\?.*")
_HIDDEN = "…"


class Shown(msgspec.Struct, frozen=True):
    """A setting as it is told: a password in a URL is not."""

    name: str
    variable: str
    value: Any
    default: Any
    origin: str  # "default", "environment", "option" or "changed"
    changeable: bool
    started_with: Any  # what a reset takes up again
    changed_at: int | None
    changed_by: str | None


def settings_shown(
    settings: Settings, changed: Mapping[str, Adjusted], environ: Mapping[str, str] = os.environ
) -> list[Shown]:
    """Every setting in the order of the documentation. `settings` are those that the server was started with."""
    origins = _origins(environ)
    now = in_force(settings, changed)
    shown = []
    for field in msgspec.structs.fields(Settings):
        started, here = getattr(settings, field.name), changed.get(field.name)
        own: str = origins.get(field.name, "default" if started == field.default else "environment")
        at = here if here is not None and field.name in CHANGEABLE else None
        shown.append(
            Shown(
                name=field.name,
                variable=f"PLEIADE_{field.name.upper()}",
                value=_plain(getattr(now, field.name)),
                default=_plain(field.default),
                origin="changed" if at is not None else own,
                changeable=field.name in CHANGEABLE,
                started_with=_plain(started),
                changed_at=at.changed if at is not None else None,
                changed_by=at.changed_by if at is not None else None,
            )
        )
    return shown


def _origins(environ: Mapping[str, str]) -> dict[str, Origin]:
    """As the supervisor tells it; it gives its children every value by the environment."""
    text = environ.get(ORIGINS_VARIABLE, "")
    return msgspec.json.decode(text, type=dict[str, Origin]) if text else {}


def _plain(value: Any) -> Any:
    if isinstance(value, str) and "://" in value:
        return _QUERY.sub(f"?{_HIDDEN}", _USERINFO.sub(f"{_HIDDEN}@", value))
    return value
