"""What every command shares: --home and --json, the open home, failures told in one sentence."""

import csv
import json
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

if TYPE_CHECKING:
    import sqlalchemy as sa

    from pleiade.registry.hub import Progress
    from pleiade.settings import Settings
    from pleiade.supervisor import Home

HomeOption = Annotated[
    str | None,
    typer.Option("--home", metavar="DIR", help="Folder for data (or PLEIADE_HOME). [default: ~/.pleiade]"),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="Print CSV, for spreadsheets.")]


class Place:
    """An open home: its settings, its folders, its database."""

    def __init__(self, settings: "Settings", home: "Home", db: "sa.Engine") -> None:
        self.settings = settings
        self.home = home
        self.db = db


@contextmanager
def told() -> Iterator[None]:
    """Within it, an expected failure ends the command with its message and exit code 1, never a traceback."""
    from pleiade.engines.base import EngineError
    from pleiade.invoices import InvoiceError
    from pleiade.ledger import LedgerError
    from pleiade.prices import PriceError
    from pleiade.quota.errors import LimitsError
    from pleiade.registry import RegistryError
    from pleiade.settings import SettingsError
    from pleiade.settlement import SettlementError
    from pleiade.store import StoreError
    from pleiade.supervisor import SupervisorError
    from pleiade.tenancy.errors import TenancyError

    try:
        yield
    except (
        EngineError,
        InvoiceError,
        LedgerError,
        LimitsError,
        PriceError,
        RegistryError,
        SettingsError,
        SettlementError,
        StoreError,
        SupervisorError,
        TenancyError,
    ) as error:
        fail(str(error))
    except BrokenPipeError:
        # Who read has enough (`pleiade … | head`). Python would complain again when it flushes at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(141) from None  # as a shell tells of SIGPIPE
    except OSError as error:
        fail(f"{error.filename or 'the system'}: {error.strerror or error}; run `pleiade doctor`")
    except KeyboardInterrupt:
        raise SystemExit(130) from None


def fail(message: str) -> NoReturn:
    """Say what is wrong on stderr, and exit with code 1."""
    print(f"pleiade: {message}", file=sys.stderr)
    raise SystemExit(1)


@contextmanager
def opened(home: str | None, *, bundled: bool = False) -> Iterator[Place]:
    """The home with its migrated database, for one command; failures are told.

    `bundled`: register the models that come with Pleiade if no `up` has done so yet.
    """
    with told():
        from pleiade.registry.bundled import register_missing
        from pleiade.settings import load_settings
        from pleiade.store import migrate, open_database
        from pleiade.supervisor import prepare_home

        settings = load_settings({"home": home})
        place = prepare_home(settings.home_path)
        db = open_database(settings.database)
        try:
            migrate(db)
            if bundled:
                register_missing(db)
            yield Place(settings, place, db)
        finally:
            db.dispose()


def show_download() -> "Progress | None":
    """A line that is rewritten while a person watches; nothing for a program."""
    if not sys.stderr.isatty():
        return None

    def show_bytes(here: int, total: int) -> None:
        end = "\n" if here == total else ""
        print(f"\rdownloading {here / 1e6:,.0f} of {total / 1e6:,.0f} MB ", end=end, file=sys.stderr, flush=True)

    return show_bytes


def print_json(value: Any) -> None:
    """One JSON document on stdout; msgspec structs become objects with all their fields."""
    import msgspec

    def whole(item: Any) -> Any:
        if isinstance(item, msgspec.Struct):
            return {name: whole(field) for name, field in msgspec.structs.asdict(item).items()}
        if isinstance(item, dict):
            return {name: whole(field) for name, field in item.items()}
        if isinstance(item, list | tuple):
            return [whole(field) for field in item]
        return item

    print(json.dumps(whole(value), ensure_ascii=False, indent=2))


def print_table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Columns as wide as they must be; numbers stay as given."""
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]
    for row in (headings, *rows):
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print(line.rstrip())


def print_rows(headings: Sequence[str], rows: Sequence[Sequence[str]], *, as_csv: bool) -> None:
    """A table for people, or the same as CSV (RFC 4180, with a line of headings)."""
    if as_csv:
        csv.writer(sys.stdout).writerows([headings, *rows])
    else:
        print_table(headings, rows)


def when(unix_seconds: int) -> str:
    """A time for people, in their own zone; "-" for none."""
    from datetime import UTC, datetime

    if not unix_seconds:
        return "-"
    return datetime.fromtimestamp(unix_seconds, UTC).astimezone().strftime("%Y-%m-%d %H:%M")
