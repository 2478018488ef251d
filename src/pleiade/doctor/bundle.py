"""What somebody who helps wants to see, in one archive without secrets; signed by the house, if it has a key."""

import base64
import hashlib
import io
import platform
import sys
import time
import zipfile
from importlib.metadata import distributions, version
from pathlib import Path

import msgspec
import sqlalchemy as sa
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pleiade.doctor.findings import Finding, report
from pleiade.doctor.secrets import secrets_of
from pleiade.domain import Endpoint
from pleiade.provenance.identity import FOLDER
from pleiade.settings import Settings, SettingsError, load_settings
from pleiade.store import StoreError, open_database, reading
from pleiade.store.migrate import current_revision
from pleiade.store.tables import metadata
from pleiade.supervisor.home import Home
from pleiade.supervisor.table import read_table

LOG_BYTES = 256_000  # of the end of each
MOST_LOGS = 40
MANIFEST, SIGNATURE, CERTIFICATE = "MANIFEST.json", "MANIFEST.json.sig", "certificate.pem"


def make_bundle(findings: list[Finding], home: str | None) -> bytes:
    """The archive (zip). Findings, versions, settings, counts, engines and the ends of logs: never what was said.

    MANIFEST.json holds the SHA-256 of every file; its signature (ECDSA, SHA-256, base64) is by the key whose
    certificate lies beside it, the one that signs pictures. Raises OSError.
    """
    try:
        settings = load_settings({"home": home})
    except SettingsError:
        settings = Settings()  # which are wrong is among the findings
    place = Home(Path(home).expanduser().resolve() if home else settings.home_path)
    secrets = secrets_of(settings, place)
    facts = {
        "findings": msgspec.to_builtins(report(findings)),
        "settings": {name: str(value) for name, value in msgspec.structs.asdict(settings).items()},
        "versions": _versions(),
        "database": _database(settings),
        "engines": [_engine(endpoint) for endpoint in read_table(place.endpoints).endpoints],
    }
    files = {f"{name}.json": _json(secrets.cleaned(fact)) for name, fact in facts.items()}
    for path in sorted(place.logs.glob("*.log"))[:MOST_LOGS]:
        files[f"logs/{path.name}"] = secrets.clean(_end_of(path)).encode()
    made = {"created": int(time.time()), "pleiade": version("pleiade")}
    digests = {name: hashlib.sha256(data).hexdigest() for name, data in files.items()}
    manifest = _json({**made, "files": digests})
    files |= {MANIFEST: manifest, **_signed(place, manifest)}
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def _versions() -> dict[str, object]:
    packages = {str(one.metadata["Name"]): one.version for one in distributions() if one.metadata["Name"]}
    return {"python": sys.version, "platform": platform.platform(), "packages": dict(sorted(packages.items()))}


def _database(settings: Settings) -> dict[str, object]:
    """Its kind, its revision, and how many rows each table has: no row of any."""
    try:
        db = open_database(settings.database)
    except StoreError as error:
        return {"error": str(error)}
    try:
        counts: dict[str, int] = {}
        with reading(db) as connection:
            there = set(sa.inspect(connection).get_table_names())
            for table in metadata.sorted_tables:
                if table.name in there:
                    counts[table.name] = int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)
        return {"dialect": db.dialect.name, "revision": current_revision(db), "rows": counts}
    except (StoreError, sa.exc.SQLAlchemyError) as error:
        return {"error": str(error).split("\n")[0]}
    finally:
        db.dispose()


def _engine(endpoint: Endpoint) -> dict[str, object]:
    """All but its headers, which hold tokens."""
    return {
        "deployment": endpoint.deployment,
        "model": endpoint.model,
        "url": endpoint.url,
        "state": endpoint.state.value,
        "detail": endpoint.detail,
    }


def _end_of(path: Path) -> str:
    """The last lines, whole: half a line may be half a secret, which nothing recognises."""
    with path.open("rb") as file:
        size = file.seek(0, io.SEEK_END)
        file.seek(max(0, size - LOG_BYTES))
        data = file.read(LOG_BYTES)
    if size > LOG_BYTES:
        data = data.partition(b"\n")[2]
    return data.decode(errors="replace")


def _signed(home: Home, manifest: bytes) -> dict[str, bytes]:
    folder = home.path / FOLDER
    if not (folder / "key.pem").is_file():
        return {}
    key = serialization.load_pem_private_key((folder / "key.pem").read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        return {}
    signature = key.sign(manifest, ec.ECDSA(hashes.SHA256()))
    return {SIGNATURE: base64.b64encode(signature), CERTIFICATE: (folder / "certificate.pem").read_bytes()}


def _json(value: object) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value))
