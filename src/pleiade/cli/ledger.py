"""`pleiade ledger verify|balance|post|export`."""

import sys
from itertools import chain
from typing import TYPE_CHECKING, Annotated

import typer

from pleiade.cli.common import CsvOption, HomeOption, JsonOption, fail, opened, print_json, print_rows
from pleiade.cli.usage import span

if TYPE_CHECKING:
    from collections.abc import Iterator

    import sqlalchemy as sa

    from pleiade.ledger.verify import Check, More

app = typer.Typer(help="The books: prove them, read them, post to them.", no_args_is_help=True)


@app.command("verify")
def verify(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Compute all chains, seals and sums again; exit code 1 if anything is not as it was written."""
    with opened(home) as place:
        from pleiade.ledger.verify import check_folder
        from pleiade.ledger.verify import verify as verified

        checks = []
        for check in chain([check_folder(place.home.path / "ledger")], verified(place.db, more=_other_rooms())):
            checks.append(check)
            if not as_json:
                print(f"{'ok   ' if check.ok else 'WRONG'} {check.name}: {check.proves} ({check.checked:,} looked at)")
                for problem in check.problems:
                    print(f"        {problem}")
                if check.num_problems > len(check.problems):
                    print(f"        and {check.num_problems - len(check.problems):,} more")
    fine = all(check.ok for check in checks)
    if as_json:
        print_json({"ok": fine, "checks": [_as_json(check) for check in checks]})
    if not fine:
        raise SystemExit(1)


@app.command("balance")
def balance(
    accounts: Annotated[list[str], typer.Argument(metavar="ACCOUNT…", help="Say receivable:org-1, cash.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Tell what accounts hold: debits less credits, by currency."""
    with opened(home) as place:
        from pleiade.domain.money import decimal
        from pleiade.ledger.accounts import problem_of
        from pleiade.ledger.balances import balance as balance_of

        for account in accounts:
            if problem := problem_of(account):
                fail(problem)
        found = {account: balance_of(place.db, account) for account in accounts}
    rows = [(account, currency, decimal(nano, 2)) for account, held in found.items() for currency, nano in held.items()]
    if as_json:
        print_json([dict(zip(("account", "currency", "balance"), row, strict=True)) for row in rows])
    else:
        print_rows(("account", "currency", "balance"), rows, as_csv=as_csv)


@app.command("post")
def post(
    id: Annotated[str, typer.Argument(metavar="ID", help="Of your choosing: posting it again changes nothing.")],
    kind: Annotated[str, typer.Option(help="payment, credit, expense, engine-hours, training, adjustment, …")],
    debit: Annotated[str, typer.Option(metavar="ACCOUNT", help="Say expense:hosting.")],
    credit: Annotated[str, typer.Option(metavar="ACCOUNT", help="Say cash.")],
    amount: Annotated[str, typer.Option(help="A decimal, say 12.50.")],
    currency: Annotated[str, typer.Option(help="ISO 4217, say USD.")],
    organisation: Annotated[str, typer.Option(help="Whose books it concerns. [default: the house's own]")] = "",
    date: Annotated[str, typer.Option(metavar="DATE", help="The day it happened, UTC. [default: now]")] = "",
    reference: Annotated[str, typer.Option(help="What it belongs to: a bill's number, a run.")] = "",
    memo: Annotated[str, typer.Option(help="For people.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Post a transfer from one account to another: an expense, hours of machines, a correction."""
    with opened(home) as place:
        from pleiade.domain.books import Transfer, TransferKind
        from pleiade.domain.money import nano
        from pleiade.ledger.posting import post as post_all

        kinds = [each.value for each in TransferKind]
        if kind not in kinds:
            fail(f"--kind {kind}: use {', '.join(kinds)}")
        try:
            value = nano(amount)
        except (ValueError, ZeroDivisionError) as error:
            fail(f"--amount {amount}: write a plain decimal, say 12.50 ({error})")
        transfer = Transfer(
            id=id,
            kind=TransferKind(kind),
            debit=debit,
            credit=credit,
            amount=value,
            currency=currency,
            organisation=organisation,
            time_ms=span(date, date, "")[0] * 1000 if date else 0,
            reference=reference,
            memo=memo,
        )
        new = post_all(place.db, [transfer], actor="command line")
    if as_json:
        print_json({"id": id, "posted": bool(new)})
    else:
        print(f"posted {id}" if new else f"{id} was posted before; nothing changed")


@app.command("export")
def export(
    since: Annotated[str, typer.Option("--from", metavar="DATE", help="First day, UTC. [default: all]")] = "",
    until: Annotated[str, typer.Option("--to", metavar="DATE", help="Last day, UTC. [default: all]")] = "",
    organisation: Annotated[str, typer.Option(help="Only this organisation's calls, without transfers.")] = "",
    home: HomeOption = None,
    as_csv: CsvOption = False,
) -> None:
    """Write entries, transfers and (of all time) seals with their hashes, one JSON object a line; or entries as CSV."""
    with opened(home) as place:
        start = span(since, until or since, "")[0] if since else 0
        end = span(until, until, "")[1] if until else 0
        lines = _csv(place.db, start, end, organisation) if as_csv else _lines(place.db, start, end, organisation)
        for line in lines:
            sys.stdout.write(line)


def _lines(db: "sa.Engine", start: int, end: int, organisation: str) -> "Iterator[str]":
    import msgspec

    from pleiade.domain.money import decimal
    from pleiade.ledger.entries import read_entries, read_transfers
    from pleiade.ledger.seals import read_seals

    where = {"organisation": [organisation]} if organisation else {}
    for booked in read_entries(db, start=start, end=end, where=where):
        fields = msgspec.structs.asdict(booked.entry) | {"cost": decimal(booked.entry.cost)}
        line = {"object": "entry", **fields, "period": booked.period, "hash": booked.hash.hex()}
        yield msgspec.json.encode(line).decode() + "\n"
    for posted in () if organisation else read_transfers(db, start=start, end=end):
        fields = msgspec.structs.asdict(posted.transfer) | {"amount": decimal(posted.transfer.amount)}
        line = {"object": "transfer", "sequence": posted.sequence, **fields, "period": posted.period}
        yield msgspec.json.encode({**line, "actor": posted.actor, "hash": posted.hash.hex()}).decode() + "\n"
    for seal in () if organisation or start or end else read_seals(db):
        line = {"object": "seal", "number": seal.number, "time_ms": seal.time_ms, "heads": seal.heads}
        yield msgspec.json.encode({**line, "hash": seal.hash.hex()}).decode() + "\n"


def _csv(db: "sa.Engine", start: int, end: int, organisation: str) -> "Iterator[str]":
    import csv
    import io

    import msgspec

    from pleiade.domain.books import Entry
    from pleiade.domain.money import decimal
    from pleiade.ledger.entries import read_entries

    where = {"organisation": [organisation]} if organisation else {}
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow([*Entry.__struct_fields__, "period", "hash"])
    for booked in read_entries(db, start=start, end=end, where=where):
        yield line.getvalue()
        line.seek(0)
        line.truncate()
        fields = msgspec.structs.asdict(booked.entry) | {"cost": decimal(booked.entry.cost)}
        writer.writerow([*fields.values(), booked.period, booked.hash.hex()])
    yield line.getvalue()


def _other_rooms() -> "list[tuple[str, str, More]]":
    """Checks of rooms that fold the ledger."""
    from pleiade.invoices import verify as invoices

    return [("invoices", "every final invoice is what the meter says, to the byte", invoices)]


def _as_json(check: "Check") -> dict[str, object]:
    import msgspec

    return {**msgspec.structs.asdict(check), "ok": check.ok}
