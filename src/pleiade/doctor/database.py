"""The database: reached, as new as this program, and its clock like ours; and the first key."""

import stat
import time
from collections.abc import Iterator

import sqlalchemy as sa

from pleiade.doctor.findings import Finding
from pleiade.settings import Settings
from pleiade.store import StoreError, open_database, reading
from pleiade.store.migrate import current_revision, known_revisions
from pleiade.store.runs import runs
from pleiade.store.tenants import audit_log
from pleiade.supervisor.home import Home
from pleiade.tenancy.admin_key import in_force, key_in_file

_AHEAD_S = 120  # what is written further in the future than that was written by another clock
_APART_S = 5


def open_current(settings: Settings, home: Home, findings: list[Finding]) -> sa.Engine | None:
    """The database if it can be read further, else None; what was found is added to `findings`."""
    if not settings.database_url and not (home.path / "pleiade.db").exists():
        findings.append(Finding("database", "ok", "will be made by the first `pleiade up`"))
        return None
    try:
        db = open_database(settings.database)
        revision, newest = current_revision(db), known_revisions()[-1]
    except StoreError as error:
        findings.append(Finding("database", "wrong", str(error).split("; ")[0], str(error).split("; ")[-1]))
        return None
    if revision > newest:
        mend = "upgrade Pleiade, or use another --home"
        findings.append(Finding("database", "wrong", f"revision {revision}, newer than this Pleiade ({newest})", mend))
        return None
    behind = "" if revision == newest else f", {newest} comes with the next command"
    findings.append(Finding("database", "ok", f"{db.dialect.name}, revision {revision or 'none'}{behind}"))
    if revision == newest:
        return db
    db.dispose()
    return None


def examine_database(db: sa.Engine, home: Home) -> Iterator[Finding]:
    """Its clock, and the first key."""
    yield _clocks(db)
    yield _admin_key(home, (key := key_in_file(db, home.admin_key)) is not None and in_force(key))


def _clocks(db: sa.Engine) -> Finding:
    """Ours beside the database's, where that has one; and beside the newest that was written by it."""
    check, mend = "clocks", "keep the clocks of all machines by NTP: keys, sessions and bills go by them"
    with reading(db) as connection:
        if db.dialect.name == "postgresql":
            theirs = float(connection.scalar(sa.text("SELECT extract(epoch FROM clock_timestamp())")) or 0)
            if abs(theirs - time.time()) > _APART_S:
                return Finding(check, "warning", f"the database's is {theirs - time.time():+.0f} s from ours", mend)
        written = (
            (connection.scalar(sa.select(sa.func.max(runs.c.time_ms))) or 0) / 1000,
            connection.scalar(sa.select(sa.func.max(audit_log.c.time))) or 0,
        )
    ahead = max(written) - time.time()
    if ahead > _AHEAD_S:
        return Finding(check, "wrong", f"the newest record is {ahead:.0f} s in the future: the clock went back", mend)
    return Finding(check, "ok", "nothing is dated in the future")


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
