"""What is secret in a house, and texts without it: every value that is known, and whatever looks like one."""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import msgspec
import sqlalchemy as sa

from pleiade.runs.redaction import redact
from pleiade.settings import Settings
from pleiade.store import StoreError, open_database, reading
from pleiade.store.signin import issuers
from pleiade.store.tables import deployments
from pleiade.supervisor.home import Home
from pleiade.supervisor.table import read_table

SECRET = "[secret]"
_NAMED = r"key|token|secret|passw(?:or)?d|passphrase|credentials?|authorization|cookie|signature|bearer|\bdsn"
_NAME = re.compile(_NAMED, re.IGNORECASE)
_SHORTEST = 6  # shorter values are words: taking them out would hide more than it protects
_NOT_SECRET = frozenset({"true", "false", "none", "null"})
_PATTERNS = (
    (re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), SECRET),
    (re.compile(r"(?<=://)[^\s/@\"']+@"), f"{SECRET}@"),  # user and password of a URL
    (re.compile(r"([?&][^=\s&]{0,64}=)[^&\s\"']+"), rf"\1{SECRET}"),  # what stands in a query: signatures, tokens
    (re.compile(r"\b(bearer|basic)\s+[\w.~+/=-]{6,}", re.IGNORECASE), rf"\1 {SECRET}"),
    (re.compile(r"\b(?:sk|pk|rk|hf|ghp|gho|glpat|xox[abp]|AKIA|eyJ)[-_A-Za-z0-9.]{12,}"), SECRET),
    (
        re.compile(
            rf"([\w-]*(?:{_NAMED})[\w-]*[\"']?\s*[:=]\s*[\"']?)(?!\[secret\])[^\s\"',;}}]{{{_SHORTEST},}}", re.I
        ),
        rf"\1{SECRET}",
    ),
)


class Secrets:
    """The secrets of a house, gathered once; `clean` takes them out of texts."""

    def __init__(self, values: Iterable[str]) -> None:
        spelled = {form for value in values if _is_one(value) for form in _forms(value)}
        self._values = sorted(spelled, key=len, reverse=True)  # longest first: one may stand in another

    def clean(self, text: str) -> str:
        """`text` without known secrets, without what looks like one, and without personal data that has a form."""
        for value in self._values:
            text = text.replace(value, SECRET)
        for pattern, instead in _PATTERNS:
            text = pattern.sub(instead, text)
        return redact(text)

    def cleaned(self, value: Any) -> Any:
        """The same of every text in `value`, as JSON has it."""
        match value:
            case str():
                return self.clean(value)
            case dict():
                return {name: self.cleaned(item) for name, item in value.items()}
            case list():
                return [self.cleaned(item) for item in value]
        return value


def secrets_of(settings: Settings, home: Home) -> Secrets:
    """Of the environment, the settings, the home's files, the engines and the database."""
    found = [value for name, value in os.environ.items() if _NAME.search(name)]
    for url in (settings.database_url, settings.valkey_url, settings.pictures_url, settings.attachments_url):
        found += _of_url(url)
    found += [line for path in _files(home) for line in _lines(path)]
    for endpoint in read_table(home.endpoints).endpoints:
        found += [word for value in endpoint.headers.values() for word in (value, value.split(" ")[-1])]
        found += _of_url(endpoint.url)
    return Secrets([*found, *_of_database(settings)])


def _files(home: Home) -> list[Path]:
    return [*home.path.glob("*.key"), *home.path.glob("*/*.key"), home.path / "provenance" / "key.pem"]


def _lines(path: Path) -> list[str]:
    """A key file as a whole and line by line: a log may hold any of them."""
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError:
        return []
    return [text.strip(), *(line.strip() for line in text.splitlines() if not line.startswith("-----"))]


def _of_url(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return [url]
    return [value for text in (parts.password, parts.username) if text for value in (text, unquote(text))]


def _of_database(settings: Settings) -> list[str]:
    """Secrets that a deployment's options or an identity provider need in clear."""
    try:
        db = open_database(settings.database)
    except StoreError:
        return []
    try:
        with reading(db) as connection:
            found = [str(secret) for secret in connection.scalars(sa.select(issuers.c.client_secret))]
            for options in connection.scalars(sa.select(deployments.c.options)):
                found += _named(msgspec.to_builtins(options))
            return found
    except (StoreError, sa.exc.SQLAlchemyError):  # a database without these tables has none of these secrets
        return []
    finally:
        db.dispose()


def _named(value: Any, name: str = "") -> list[str]:
    """Texts whose name says that they are secret, wherever they stand."""
    if isinstance(value, dict):
        return [text for key, item in value.items() for text in _named(item, f"{name} {key}")]
    if isinstance(value, list):
        return [text for item in value for text in _named(item, name)]
    if not isinstance(value, str):
        return []
    return [value] if _NAME.search(name) else _of_url(value)


def _forms(value: str) -> tuple[str, ...]:
    """As it is, and as JSON and URLs write it."""
    return value, msgspec.json.encode(value).decode()[1:-1], quote(value, safe="")


def _is_one(value: str) -> bool:
    return len(value) >= _SHORTEST and value.lower() not in _NOT_SECRET
