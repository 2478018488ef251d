"""How old the newest backup is, as far as whoever makes them tells: by touching a file of the home."""

import time
from collections.abc import Iterator

from pleiade.doctor.findings import Finding
from pleiade.settings import Settings
from pleiade.supervisor.home import Home

STAMP = "backup.stamp"  # its time is that of the newest backup
OLD_S = 7 * 86400


def backup_time(home: Home) -> float:
    """Unix time of the newest backup that is known of; 0 = none."""
    try:
        return (home.path / STAMP).stat().st_mtime
    except OSError:
        return 0.0


def examine_backups(settings: Settings, home: Home) -> Iterator[Finding]:
    """Nothing of a home that does not exist yet."""
    if not settings.database_url and not (home.path / "pleiade.db").exists():
        return
    made = backup_time(home)
    how = f"see Backups in docs/operate.md; then: touch {home.path / STAMP}"
    if not made:
        yield Finding("backup", "warning", "no backup is known of", how)
        return
    age = time.time() - made
    found = f"{age / 86400:.1f} days old"
    yield Finding("backup", "ok", found) if age < OLD_S else Finding("backup", "warning", found, how)
