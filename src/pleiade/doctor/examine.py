"""All checks, in the order in which things depend on each other."""

from pleiade.doctor.backups import examine_backups
from pleiade.doctor.books import examine_books
from pleiade.doctor.database import examine_database, open_current
from pleiade.doctor.engines import examine_engines
from pleiade.doctor.exposure import examine_exposure
from pleiade.doctor.findings import Finding
from pleiade.doctor.machine import examine_machine
from pleiade.doctor.places import examine_places
from pleiade.doctor.weights import examine_bundled, examine_models
from pleiade.settings import SettingsError, load_settings
from pleiade.supervisor.home import Home


def examine(home: str | None, port: int | None) -> list[Finding]:
    """What every check found. Changes nothing; takes seconds, since weights are read for their checksums."""
    findings = list(examine_machine())
    try:
        settings = load_settings({"home": home, "port": port})
    except SettingsError as error:
        return [*findings, Finding("settings", "wrong", str(error), "correct these and run doctor again")]
    place = Home(settings.home_path)
    findings += [Finding("settings", "ok", "every value can be used"), *examine_places(settings, place)]
    findings += examine_exposure(settings)
    findings += examine_bundled()
    db = open_current(settings, place, findings)
    if db is not None:
        try:
            findings += [*examine_database(db, place), *examine_models(db), *examine_books(db, place)]
        finally:
            db.dispose()
    findings += examine_engines(place)
    findings += examine_backups(settings, place)
    return findings
