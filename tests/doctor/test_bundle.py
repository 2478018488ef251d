"""The bundle for helpers: whole, signed by the house, and without any secret that lies anywhere in it."""

import base64
import hashlib
import io
import json
import stat
import zipfile
from pathlib import Path

import pytest
import sqlalchemy as sa
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from pleiade.doctor.bundle import make_bundle
from pleiade.doctor.findings import Finding
from pleiade.domain import Endpoint, EndpointState, EndpointTable
from pleiade.provenance.identity import identity
from pleiade.store import migrate, open_database, unit_of_work
from pleiade.store.signin import issuers
from pleiade.store.tables import deployments, models
from pleiade.supervisor.home import Home, prepare_home
from pleiade.supervisor.table import write_table

# Each planted where it really lies, and in a log, where it must not be.
ADMIN, ENGINE, UPSTREAM, CLIENT = "pl-4dm1n-s3cret-of-the-house", "engine-t0ken-77", "upstr3am-key-9", 'cl"ient\\s3cret'
DATABASE, VALKEY, HUB = "d4t:b@se-word", "v4lk3y-word", "hf_abcdefghijklmnopqrstuvwx"
PICTURES = "p1ctures-secret-0123456789abcdef"
# Known to nobody, and recognised by their form.
FORMS = (
    "sk-proj-AbCdEfGhIjKlMnOpQrSt",
    "Zm9vYmFyYmF6cXV4",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmVk",
    "hunter2hunter2",
    "signature-of-a-url",
    "cookie-value-123",
    "MIIEvQIBADANBgkqh",
    "ada@example.org",
    "203.0.113.77",
)
SECRETS = (ADMIN, ENGINE, UPSTREAM, CLIENT, DATABASE, VALKEY, HUB, PICTURES, *FORMS)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A home with secrets in every place where one lies, and logs that tell them all."""
    home = prepare_home(tmp_path / "home")
    home.admin_key.write_text(ADMIN + "\n")
    (home.path / "pictures.key").write_text(PICTURES)
    identity(home.path)
    # (a database that cannot be reached would hide its own secrets: the URL's are planted through the environment)
    monkeypatch.setenv("PLEIADE_VALKEY_URL", f"redis://default:{VALKEY}@127.0.0.1:1/0")
    monkeypatch.setenv("HF_TOKEN", HUB)
    monkeypatch.setenv("BACKUP_PASSWORD", DATABASE)
    db = open_database(f"sqlite:///{home.path / 'pleiade.db'}")
    migrate(db)
    with unit_of_work(db) as connection:
        connection.execute(
            sa.insert(issuers).values(
                **{column.name: "x" for column in issuers.c if isinstance(column.type, sa.String)},
                **{"audiences": [], "algorithms": [], "rules": [], "trust_email": False, "created": 1},
            )
        )
        connection.execute(sa.update(issuers).values(client_secret=CLIENT))
        strings = {column.name: "m" for column in models.c if isinstance(column.type, sa.String)}
        numbers = {column.name: 0 for column in models.c if isinstance(column.type, sa.BigInteger)}
        connection.execute(sa.insert(models).values(**strings, **numbers, bundled=False))
        options = {"upstream": {"api_key": UPSTREAM}}
        connection.execute(
            sa.insert(deployments).values(name="far", model="m", engine="upstream", options=options, created=1)
        )
    db.dispose()
    endpoint = Endpoint(
        deployment="far",
        model="m",
        kind="chat",
        engine="upstream",
        url="http://127.0.0.1:1",
        state=EndpointState.FAILED,
        detail=f"refused: api-key {UPSTREAM} is wrong",
        headers={"authorization": f"Bearer {ENGINE}"},
    )
    write_table(home.endpoints, EndpointTable(version=1, endpoints=(endpoint,)))
    said = [
        *(f"something about {secret}, plainly" for secret in SECRETS[:8]),
        json.dumps({"message": f"as JSON: {CLIENT} and {DATABASE}"}),
        f"connecting to postgresql+psycopg://pleiade:{DATABASE}@db/pleiade failed",
        "a key of a customer: sk-proj-AbCdEfGhIjKlMnOpQrSt",
        "Authorization: Basic Zm9vYmFyYmF6cXV4",
        "got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmVk",
        "{'password': 'hunter2hunter2'}",
        "GET /v1/pictures/a.png?sig=signature-of-a-url 200",
        "set-cookie=cookie-value-123; Path=/",
        "-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqh\n-----END PRIVATE KEY-----",
        "ada@example.org came from 203.0.113.77",
        "the engine took 12 ms for 40 tokens",
    ]
    (home.logs / "gateway-1.log").write_text("\n".join(said) + "\n")
    (home.logs / "far.log").write_text("x" * 300_000 + ADMIN + "\nthe last line\n")
    return home


def unpacked(home: Home) -> dict[str, bytes]:
    """The bundle's files by name."""
    findings = [Finding("database", "wrong", f"{ADMIN} was refused", "look again")]
    with zipfile.ZipFile(io.BytesIO(make_bundle(findings, str(home.path)))) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def test_no_planted_secret_is_in_it_and_what_helps_is(home: Home) -> None:
    files = unpacked(home)
    everything = b"\n".join(files.values())
    spelled = {form for secret in SECRETS for form in (secret, json.dumps(secret)[1:-1], secret.replace(":", "%3A"))}
    assert [secret for secret in spelled if secret.encode() in everything] == []
    key = (home.path / "provenance" / "key.pem").read_text().splitlines()[1]
    assert key.encode() not in everything
    log = files["logs/gateway-1.log"].decode()
    assert "the engine took 12 ms for 40 tokens" in log
    assert log.count("[secret]") >= 12
    assert "the last line" in files["logs/far.log"].decode()
    assert json.loads(files["versions.json"])["packages"]["tokenizers"] != "[secret]"
    assert json.loads(files["database.json"])["rows"]["deployments"] == 1
    assert json.loads(files["engines.json"])[0]["state"] == "failed"
    assert json.loads(files["findings.json"])["checks"][0]["check"] == "database"


def test_its_manifest_is_signed_by_the_house(home: Home) -> None:
    files = unpacked(home)
    manifest = json.loads(files["MANIFEST.json"])
    assert manifest["files"] == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items() if name in manifest["files"]
    }
    assert set(files) - set(manifest["files"]) == {"MANIFEST.json", "MANIFEST.json.sig", "certificate.pem"}
    key = x509.load_pem_x509_certificates(files["certificate.pem"])[0].public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    signature = base64.b64decode(files["MANIFEST.json.sig"])
    key.verify(signature, files["MANIFEST.json"], ec.ECDSA(hashes.SHA256()))


def test_a_house_without_a_key_and_without_anything_gives_one_too(tmp_path: Path) -> None:
    files = unpacked(Home(tmp_path / "nothing"))
    assert "MANIFEST.json.sig" not in files
    assert not (tmp_path / "nothing").exists(), "a doctor changes nothing"
    assert stat.S_ISDIR(tmp_path.stat().st_mode)
