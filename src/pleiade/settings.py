"""Every setting, typed, with its environment variable and default; a wrong value stops the start with its fix."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from pleiade.domain.currency import CURRENCIES
from pleiade.domain.money import nano

Origin = Literal["environment", "option"]
ORIGINS_VARIABLE = "PLEIADE_ORIGINS"  # tells children of the supervisor, who get all values by the environment


class SettingsError(Exception):
    """One or more settings cannot be used; the message lists all of them, each with what to do."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of one `pleiade up`. Each field reads the environment variable PLEIADE_<FIELD>."""

    home: str = "~/.pleiade"  # folder for the database, keys, models and logs
    host: str = "127.0.0.1"
    port: int = 8000
    public_url: str = ""  # where people reach this server, e.g. https://ai.example.com; empty = host and port
    workers: int = 1  # gateway processes
    database_url: str = ""  # SQLAlchemy URL; empty = SQLite in the home (postgresql+psycopg://… is supported)
    valkey_url: str = ""  # Valkey or Redis that gateways share limits in, e.g. redis://127.0.0.1:6379/0 or unix:///PATH
    engine_hour_cost: str = ""  # what an hour of an engine costs you, e.g. "0.40 EUR": booked by the hour; empty = not
    ledger_sync_ms: int = 100  # how often the ledger's journal is made durable against a loss of power
    max_body_mb: int = 32  # larger requests get 413
    provenance: bool = True  # sign made pictures: a C2PA manifest, and text in PNG
    pictures_url: str = ""  # where pictures wait whose URL was asked for: a folder, or s3://…; empty = HOME/pictures
    attachments_url: str = ""  # where files wait that people attach to chats: as pictures_url; empty = HOME/attachments
    project_files_mb: int = 10_240  # pictures and attachments that one project may keep; 0 = without a limit
    files_url: str = ""  # where files of /v1/files wait: as pictures_url; empty = HOME/files
    file_mb: int = 8192  # the largest file that /v1/files and /v1/uploads take
    project_uploads_mb: int = 51_200  # files that one project may keep there; 0 = without a limit
    lab_python: str = ""  # Python that trains fine-tunes; empty = this one, or .venv-lab or .venv-dev beside it
    pictures_minutes: int = 60  # how long such a URL works
    request_timeout_s: float = 600.0  # whole answer, as the SDK's own default
    first_byte_timeout_s: float = 300.0  # until an engine starts to answer
    slow_client_timeout_s: float = 60.0  # a client that stops reading is let go
    drain_s: float = 30.0  # how long running answers may finish at Ctrl-C
    queue_limit: int = 32  # requests that may wait inside one engine; more get 429
    log_format: str = "json"  # "json" or "text"
    log_level: str = "info"
    otlp_endpoint: str = ""  # OpenTelemetry collector, e.g. http://127.0.0.1:4318; empty = no traces
    runs: str = "metadata"  # what is kept of each call: "off", "metadata" (never what was said) or "content"
    runs_days: int = 30  # how long
    runs_most: int = 1_000_000  # at most so many calls: the oldest go first
    runs_redact: bool = True  # take personal data out of contents before they are kept
    hf_endpoint: str = ""  # model hub base URL, empty = the library's default
    contract: bool = False  # contract mode: fixtures for unknown ids and models. Never in production

    @property
    def home_path(self) -> Path:
        """The home as an absolute path."""
        return Path(self.home).expanduser().resolve()

    @property
    def public_base(self) -> str:
        """Where browsers reach this server, without a slash at the end."""
        return self.public_url.rstrip("/") or f"http://{self.host}:{self.port}"

    @property
    def pictures(self) -> str:
        """Where pictures wait to be fetched: a path, or a URL of fsspec's."""
        return self.pictures_url or str(self.home_path / "pictures")

    @property
    def gallery(self) -> str:
        """Where pictures of the gallery are kept: beside those that wait, so that these can be swept by name."""
        return f"{self.pictures.rstrip('/')}/gallery"

    @property
    def attachments(self) -> str:
        """Where attached files are kept: a path, or a URL of fsspec's."""
        return self.attachments_url or str(self.home_path / "attachments")

    @property
    def files(self) -> str:
        """Where files of /v1/files are kept: a path, or a URL of fsspec's."""
        return self.files_url or str(self.home_path / "files")

    @property
    def database(self) -> str:
        """SQLAlchemy URL of the database."""
        return self.database_url or f"sqlite:///{self.home_path / 'pleiade.db'}"


def origins_of(overrides: Mapping[str, object], environ: Mapping[str, str] = os.environ) -> dict[str, Origin]:
    """Where `load_settings` takes each value from, of those that are not defaults."""
    found: dict[str, Origin] = {}
    for field in msgspec.structs.fields(Settings):
        if overrides.get(field.name) not in (None, ""):
            found[field.name] = "option"
        elif environ.get(f"PLEIADE_{field.name.upper()}"):
            found[field.name] = "environment"
    return found


def load_settings(overrides: Mapping[str, object] | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """Settings from the environment, then `overrides` (command-line options; None values are ignored).

    Raises SettingsError with every problem at once.
    """
    values: dict[str, object] = {}
    problems: list[str] = []
    for field in msgspec.structs.fields(Settings):
        variable = f"PLEIADE_{field.name.upper()}"
        value: object = environ.get(variable)
        origin = variable
        if overrides is not None and overrides.get(field.name) is not None:
            value, origin = overrides[field.name], f"--{field.name.replace('_', '-')}"
        if value is None or value == "":
            continue
        try:
            values[field.name] = msgspec.convert(value, field.type, strict=False)
        except msgspec.ValidationError:
            kind = getattr(field.type, "__name__", str(field.type))
            problems.append(f"{origin}={value!r} is not a valid {kind} (default: {field.default!r})")
    settings = Settings(**values)  # type: ignore[arg-type]
    problems += problems_of(settings)
    if problems:
        raise SettingsError("\n".join(problems))
    return settings


def hourly_cost(text: str) -> tuple[int, str]:
    """Nano and currency of "0.40 EUR". Raises ValueError for anything else."""
    amount, _, currency = text.partition(" ")
    if currency not in CURRENCIES:
        raise ValueError(f"{currency!r} is no currency of ISO 4217")
    cost = nano(amount)
    if cost <= 0:
        raise ValueError(f"{amount} is not above zero")
    return cost, currency


def problems_of(settings: Settings) -> list[str]:
    """Problems that types cannot express, each with its fix."""
    problems = []
    if not 0 <= settings.port <= 65535:
        problems.append(f"port {settings.port}: choose one between 1 and 65535 (0 = any free port)")
    if not 1 <= settings.workers <= 64:
        problems.append(f"workers {settings.workers}: choose between 1 and 64")
    if settings.valkey_url and not settings.valkey_url.startswith(("redis://", "rediss://", "unix://")):
        problems.append(f"valkey_url {settings.valkey_url!r}: write redis://HOST:PORT/N, rediss://… or unix:///PATH")
    if settings.engine_hour_cost:
        try:
            hourly_cost(settings.engine_hour_cost)
        except ValueError as error:
            problems.append(f"engine_hour_cost {settings.engine_hour_cost!r}: {error}; write, say, 0.40 EUR")
    if not 1 <= settings.ledger_sync_ms <= 60_000:
        problems.append(f"ledger_sync_ms {settings.ledger_sync_ms}: choose between 1 and 60000")
    if settings.max_body_mb < 1:
        problems.append(f"max_body_mb {settings.max_body_mb}: must be at least 1")
    if settings.project_files_mb < 0:
        problems.append(f"project_files_mb {settings.project_files_mb}: must not be negative (0 = without a limit)")
    if settings.file_mb < 1:
        problems.append(f"file_mb {settings.file_mb}: must be at least 1")
    if settings.project_uploads_mb < 0:
        problems.append(f"project_uploads_mb {settings.project_uploads_mb}: must not be negative (0 = without a limit)")
    if not 1 <= settings.pictures_minutes <= 7 * 24 * 60:
        problems.append(f"pictures_minutes {settings.pictures_minutes}: choose between 1 and 10080 (a week)")
    for name in ("request_timeout_s", "first_byte_timeout_s", "slow_client_timeout_s"):
        if getattr(settings, name) <= 0:
            problems.append(f"{name} {getattr(settings, name)}: must be above 0 seconds")
    if settings.drain_s < 0:
        problems.append(f"drain_s {settings.drain_s}: must not be negative")
    if settings.queue_limit < 1:
        problems.append(f"queue_limit {settings.queue_limit}: must be at least 1")
    if settings.log_format not in ("json", "text"):
        problems.append(f"log_format {settings.log_format!r}: choose json or text")
    if settings.log_level not in ("debug", "info", "warning", "error"):
        problems.append(f"log_level {settings.log_level!r}: choose debug, info, warning or error")
    if settings.runs not in ("off", "metadata", "content"):
        problems.append(f"runs {settings.runs!r}: choose off, metadata or content")
    if not 1 <= settings.runs_days <= 3650:
        problems.append(f"runs_days {settings.runs_days}: choose between 1 and 3650")
    if settings.runs_most < 1:
        problems.append(f"runs_most {settings.runs_most}: must be at least 1")
    return problems
