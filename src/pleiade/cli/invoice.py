"""`pleiade invoice draft|finalise|pay|credit|show|list|export|verify`, and what bills are made from: seller, customer,
terms, grant, charge."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pleiade.cli import completion
from pleiade.cli.common import CsvOption, HomeOption, JsonOption, Place, fail, opened, print_json, print_rows, when

if TYPE_CHECKING:
    from pleiade.invoices import Invoice

app = typer.Typer(help="Bills: what organisations owe for a month, from the ledger.", no_args_is_help=True)

OrganisationArgument = Annotated[str, typer.Argument(metavar="ORG", help="Id or name of an organisation.")]
MonthArgument = Annotated[str, typer.Argument(metavar="MONTH", help="Say 2026-11; months are UTC's.")]
NumberArgument = Annotated[str, typer.Argument(metavar="NUMBER", help="Number (or id) of the invoice.")]
HEADINGS = ("number", "kind", "organisation", "period", "status", "currency", "total", "open", "issued", "id")


@app.command("draft")
def draft(
    organisation: OrganisationArgument,
    month: MonthArgument,
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Show what a month's invoice would be now. A draft may be made again and again."""
    with opened(home) as place:
        from pleiade.invoices import draft as make_draft

        made = make_draft(place.db, _id(place, organisation), month)
    _print(made, as_json=as_json, as_csv=as_csv, lines=True)


@app.command("finalise")
def finalise(
    organisation: OrganisationArgument,
    month: MonthArgument,
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Make a month's invoice final: number it, book it, close the month. This cannot be undone, only credited."""
    with opened(home) as place:
        from pleiade.domain.tenants import OPERATOR
        from pleiade.invoices import finalise as make_final

        made = make_final(place.db, _id(place, organisation), month, actor=OPERATOR)
    _print(made, as_json=as_json, as_csv=as_csv)


@app.command("month")
def month(
    month: MonthArgument,
    final: Annotated[bool, typer.Option("--finalise", help="Make them final, instead of drafting them.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Draft, or make final, the invoices of all organisations for a month. Exit code 1 if one cannot be."""
    with opened(home) as place:
        from pleiade.domain.tenants import OPERATOR
        from pleiade.invoices import InvoiceError, billable
        from pleiade.invoices import draft as make_draft
        from pleiade.invoices import finalise as make_final

        made, problems = [], []
        for organisation in billable(place.db, month):
            try:
                made += (
                    make_final(place.db, organisation, month, actor=OPERATOR)
                    if final
                    else make_draft(place.db, organisation, month)
                )
            except InvoiceError as error:  # the others are billed all the same
                problems.append(f"{organisation}: {error}")
    _print(made, as_json=as_json, as_csv=as_csv)
    if problems:
        fail("\n  ".join([f"{len(problems)} could not be billed:", *problems]))


@app.command("pay")
def pay(
    number: NumberArgument,
    reference: Annotated[str, typer.Option(help="How it was paid: a bank's reference, say.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Note that all that is open of an invoice was paid."""
    with opened(home) as place:
        from pleiade.domain.tenants import OPERATOR
        from pleiade.invoices import pay as note_payment

        paid = note_payment(place.db, number, actor=OPERATOR, reference=reference)
    _print([paid], as_json=as_json, as_csv=False)


@app.command("credit")
def credit(
    number: NumberArgument,
    reason: Annotated[str, typer.Option(help="Why; it is printed.")],
    amount: Annotated[str, typer.Option(help="Tax included. [default: all that is left of the invoice]")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a credit note over an invoice: what is open shrinks, what was paid already becomes credits."""
    with opened(home) as place:
        from pleiade.domain.tenants import OPERATOR
        from pleiade.invoices import credit as make_credit_note

        nano = _nano(amount) if amount else None
        note = make_credit_note(place.db, number, actor=OPERATOR, reason=reason, nano=nano)
    _print([note], as_json=as_json, as_csv=False)


@app.command("list")
def list_all(
    organisation: Annotated[str, typer.Option(help="Of one organisation only.")] = "",
    month: Annotated[str, typer.Option(help="Of one month only.")] = "",
    status: Annotated[str, typer.Option(help="draft, final or paid only.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """List invoices and credit notes."""
    with opened(home) as place:
        from pleiade.invoices import Status, list_invoices

        if status and status not in list(Status):
            fail(f"--status {status!r}: say {', '.join(Status)}")
        chosen = _id(place, organisation) if organisation else ""
        found = list_invoices(place.db, chosen, month, status)
    _print(found, as_json=as_json, as_csv=as_csv)


@app.command("show")
def show(
    number: NumberArgument, home: HomeOption = None, as_json: JsonOption = False, as_csv: CsvOption = False
) -> None:
    """Show an invoice with its lines."""
    with opened(home) as place:
        from pleiade.invoices import get_invoice

        found = get_invoice(place.db, number)
    _print([found], as_json=as_json, as_csv=as_csv, lines=True)


@app.command("export")
def export(
    number: NumberArgument,
    form: Annotated[str, typer.Option("--format", help="pdf, json, csv, stripe or lago.")] = "pdf",
    output: Annotated[Path | None, typer.Option(help="File to write. [default: NUMBER.pdf, …; - for stdout]")] = None,
    home: HomeOption = None,
) -> None:
    """Write an invoice as PDF, JSON or CSV, or as events shaped like Stripe's or Lago's. The same bytes every time."""
    with opened(home) as place:
        from pleiade.invoices import get_invoice

        found = get_invoice(place.db, number)
        content = _content(found, form, place)
    if str(output) == "-":
        typer.get_binary_stream("stdout").write(content)
        return
    ending = form if form in ("pdf", "csv", "json") else f"{form}.json"
    path = output or Path(f"{(found.number or found.id).replace('/', '-')}.{ending}")
    path.write_bytes(content)
    print(path)


@app.command("verify")
def verify(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Compute every final invoice again from the ledger, and compare. Exit code 1 if anything differs."""
    with opened(home) as place:
        from pleiade.invoices import list_invoices
        from pleiade.invoices import verify as find_differences

        problems = find_differences(place.db)
        final = sum(1 for invoice in list_invoices(place.db) if invoice.number)
    if as_json:
        print_json({"documents": final, "problems": problems})
    elif not problems:
        print(f"{final} invoices and credit notes are what the ledger says")
    if problems:
        if not as_json:
            fail("\n  ".join(["invoices and ledger differ:", *problems]))
        raise SystemExit(1)


@app.command("seller")
def seller(
    file: Annotated[
        Path | None, typer.Argument(help="TOML file with seller, numbering and taxes (docs/invoices.md).")
    ] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Apply a file that says who sells and which taxes are charged; without a file, show what is in force."""
    with opened(home) as place:
        from pleiade.domain.tenants import OPERATOR
        from pleiade.invoices.rules import apply_rules, get_rules, read_rules

        if file is not None:
            apply_rules(place.db, read_rules(file), actor=OPERATOR)
        rules = get_rules(place.db)
    if rules is None:
        fail("no seller is set: pleiade invoice seller FILE")
    if as_json:
        print_json(rules)
    else:
        print(f"{rules.seller.name}, {len(rules.tax)} tax rules, {rules.days} days to pay")


@app.command("customer")
def customer(
    organisation: OrganisationArgument,
    name: Annotated[str, typer.Option(help="As it is to be printed. [default: the organisation's name]")] = "",
    address: Annotated[list[str] | None, typer.Option(help="A line of the address. Repeat it.")] = None,
    country: Annotated[str, typer.Option(help="Two letters, say FR: decides the tax.")] = "",
    tax_id: Annotated[str, typer.Option(help="Tax number.")] = "",
    email: Annotated[str, typer.Option(help="Where bills go.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say how an organisation is addressed on bills to come; without options, show it."""
    with opened(home) as place:
        import msgspec

        from pleiade.domain.tenants import OPERATOR
        from pleiade.invoices.rules import get_customer, set_customer
        from pleiade.tenancy.organisations import find_organisation

        found = find_organisation(place.db, organisation)
        party = get_customer(place.db, found.id, found.name)
        given: dict[str, Any] = {"name": name, "country": country, "tax_id": tax_id, "email": email}
        changes = {field: value for field, value in given.items() if value}
        if address:
            changes["address"] = tuple(address)
        if changes:
            party = msgspec.structs.replace(party, **changes)
            set_customer(place.db, found.id, party, actor=OPERATOR)
    if as_json:
        print_json(party)
    else:
        print(
            "\n".join(text for text in (party.name, *party.address, party.country, party.tax_id, party.email) if text)
        )


@app.command("terms")
def terms(
    organisation: OrganisationArgument,
    file: Annotated[Path | None, typer.Argument(help="TOML file with plan, tiers, … (docs/prices.md).")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Agree terms with an organisation: plan, free allowances, tiers, discounts; without a file, show all versions."""
    with opened(home) as place:
        from pleiade.domain.tenants import OPERATOR
        from pleiade.invoices.agreements import agree, every_version
        from pleiade.prices.terms_file import read_terms

        chosen = _id(place, organisation)
        if file is not None:
            agree(place.db, chosen, read_terms(file), actor=OPERATOR)
        versions = every_version(place.db, chosen)
    if as_json:
        print_json([{"version": version, "terms": agreed} for version, agreed in versions])
        return
    rows = [
        (
            str(version),
            agreed.start,
            agreed.plan.name if agreed.plan else "-",
            str(len(agreed.allowances)),
            str(len(agreed.tiers)),
            str(len(agreed.discounts)),
        )
        for version, agreed in versions
    ]
    print_rows(("version", "from", "plan", "allowances", "tiers", "discounts"), rows, as_csv=False)


@app.command("charge")
def charge(
    organisation: OrganisationArgument,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Id of the model.", autocompletion=completion.models)],
    kind: Annotated[str, typer.Option(help="provisioned_hour, training_token or training_hour.")],
    quantity: Annotated[str, typer.Option(help="How many, say 36 or 2.5.")],
    identity: Annotated[str, typer.Option("--id", help="A name: the same charge again changes nothing.")] = "",
    memo: Annotated[str, typer.Option(help="As it is to stand on the invoice.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Charge for what is not a call, at the price list: provisioned hours, training. It is on the next invoice."""
    with opened(home) as place:
        from decimal import Decimal

        from pleiade.domain.money import decimal
        from pleiade.domain.price import RateKind
        from pleiade.domain.tenants import OPERATOR
        from pleiade.invoices import charge as charge_for
        from pleiade.prices.rules import amount_problem

        if kind not in list(RateKind):
            fail(f"--kind {kind!r}: say provisioned_hour, training_token or training_hour")
        if problem := amount_problem(quantity, "quantity"):
            fail(problem)
        made = charge_for(
            place.db,
            _id(place, organisation),
            model,
            RateKind(kind),
            Decimal(quantity),
            actor=OPERATOR,
            id=identity,
            memo=memo,
        )
    if as_json:
        print_json({"id": made.id, "amount": decimal(made.amount), "currency": made.currency, "memo": made.memo})
    else:
        print(f"{made.memo}: {decimal(made.amount)} {made.currency} ({made.id})")


@app.command("grant")
def grant(
    organisation: OrganisationArgument,
    amount: Annotated[str, typer.Argument(help="In the organisation's currency, say 100.00.")],
    gift: Annotated[bool, typer.Option("--gift", help="Given, not paid for.")] = False,
    expires: Annotated[str, typer.Option(metavar="MONTH", help="Last month they can pay for. [default: never]")] = "",
    memo: Annotated[str, typer.Option(help="For people: a payment's reference, a reason.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Grant credits, bought or given: they pay before the organisation does."""
    with opened(home) as place:
        from pleiade.domain.money import decimal
        from pleiade.domain.tenants import OPERATOR
        from pleiade.invoices import grant as grant_credits
        from pleiade.tenancy.organisations import find_organisation

        found = find_organisation(place.db, organisation)
        made = grant_credits(
            place.db,
            found.id,
            found.storefront.value,
            found.currency,
            _nano(amount),
            actor=OPERATOR,
            paid=not gift,
            last_period=expires,
            memo=memo,
        )
    if as_json:
        print_json({**made._asdict(), "amount": decimal(made.amount)})
    else:
        print(f"{decimal(made.amount)} {made.currency} for {found.id} ({made.id})")


def _id(place: Place, organisation: str) -> str:
    """The id of an organisation that is named by id or name."""
    from pleiade.tenancy.organisations import find_organisation

    return find_organisation(place.db, organisation).id


def _nano(amount: str) -> int:
    from pleiade.domain.money import nano
    from pleiade.prices.rules import amount_problem

    if problem := amount_problem(amount, "amount"):
        fail(problem)
    try:
        return nano(amount)
    except ValueError as error:
        fail(str(error))


def _content(invoice: "Invoice", form: str, place: Place) -> bytes:
    import json

    from pleiade.invoices.events import lago, stripe
    from pleiade.invoices.forms import as_csv, as_json

    document = invoice.document
    if form == "pdf":
        from pleiade.invoices.pdf import render

        return render(document, sorted((place.home.path / "fonts").glob("*.[to]tf")))
    if form in ("stripe", "lago"):
        events = stripe(document) if form == "stripe" else lago(document)
        return (json.dumps(events, ensure_ascii=False, indent=2, sort_keys=True) + "\n").encode()
    if form not in ("json", "csv"):
        fail(f"--format {form!r}: say pdf, json, csv, stripe or lago")
    return as_json(document) if form == "json" else as_csv(document)


def _print(invoices: "list[Invoice]", *, as_json: bool, as_csv: bool, lines: bool = False) -> None:
    from pleiade.domain.currency import CURRENCIES
    from pleiade.domain.money import decimal
    from pleiade.invoices.forms import COLUMNS, rows, shown

    if as_json:
        print_json([shown(invoice) for invoice in invoices])
        return
    if lines and as_csv:
        print_rows(COLUMNS, [row for invoice in invoices for row in rows(invoice.document)], as_csv=True)
        return
    table = [
        (
            invoice.number or "-",
            invoice.kind.value,
            invoice.document.organisation,
            invoice.document.period,
            invoice.status.value,
            invoice.document.currency,
            decimal(invoice.document.total, CURRENCIES[invoice.document.currency]),
            decimal(invoice.open, CURRENCIES[invoice.document.currency]),
            when(invoice.finalised),
            invoice.id,
        )
        for invoice in invoices
    ]
    print_rows(HEADINGS, table, as_csv=as_csv)
    if lines:
        for invoice in invoices:
            print()
            told = [(row[5], row[10], row[11], row[12], row[15]) for row in rows(invoice.document)]
            print_rows(("line", "quantity", "rate", "per", f"amount, {invoice.document.currency}"), told, as_csv=False)
