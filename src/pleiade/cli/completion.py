"""Names that the shell may complete: what is registered, deployed and known in the home. Silent where there is none."""

import sqlite3
from typing import Any

import typer


def models(ctx: typer.Context, incomplete: str) -> list[str]:
    """Registered models."""
    return _names("SELECT id FROM models", ctx, incomplete)


def deployments(ctx: typer.Context, incomplete: str) -> list[str]:
    """Deployments."""
    return _names("SELECT name FROM deployments", ctx, incomplete)


def keys(ctx: typer.Context, incomplete: str) -> list[str]:
    """Keys in force, by name."""
    return _names("SELECT DISTINCT name FROM keys WHERE revoked = 0", ctx, incomplete)


def engines(incomplete: str) -> list[str]:
    """Kinds of engines."""
    from pleiade.engines.catalogue import ENGINES

    return [name for name in ENGINES if name.startswith(incomplete)]


def _names(query: str, ctx: Any, incomplete: str) -> list[str]:
    """The first column, read without a lock and without SQLAlchemy (a shell waits for the answer)."""
    from pleiade.settings import SettingsError, load_settings

    try:
        settings = load_settings({"home": ctx.params.get("home")})
        if settings.database_url:
            return []
        connection = sqlite3.connect(f"file:{settings.home_path / 'pleiade.db'}?mode=ro", uri=True)
    except (SettingsError, sqlite3.Error):
        return []
    try:
        return [name for (name,) in connection.execute(query) if name.startswith(incomplete)]
    except sqlite3.Error:
        return []
    finally:
        connection.close()
