"""`pleiade settle AGREEMENT` and `pleiade settle recorded`."""

import datetime
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from pleiade.cli.common import CsvOption, HomeOption, JsonOption, fail, opened, print_json, print_rows, told, when

if TYPE_CHECKING:
    from pleiade.settlement import Profit, Settlement
    from pleiade.settlement.agreement import Agreement
    from pleiade.settlement.record import Receipt

WIDEST = 160  # a drawing wider than this is harder to read, not easier


class Form(NamedTuple):
    """How the answer is given."""

    svg: Path | None
    as_json: bool
    as_csv: bool


def settle(
    agreement: Annotated[
        Path, typer.Argument(metavar="AGREEMENT", help="The agreement, a TOML file (docs/settlement.md).")
    ],
    profits: Annotated[
        str, typer.Option(metavar="FILE", help="Profits: CSV with the heading period,profit. - reads stdin.")
    ] = "",
    from_ledger: Annotated[
        str, typer.Option(metavar="MONTHS", help="Profits of the ledger's months, say 2026-01..2026-06.")
    ] = "",
    first: Annotated[int, typer.Option(metavar="YEAR", help="Scenario: its first year.", show_default=False)] = 0,
    profit: Annotated[str, typer.Option(metavar="AMOUNT", help="Scenario: the profit of its first year.")] = "",
    growth: Annotated[
        list[str] | None,
        typer.Option(metavar="RATE", help="Scenario: growth a year, say 0.4 or 40%. Repeat it to compare."),
    ] = None,
    years: Annotated[int, typer.Option(help="Scenario: how many years.")] = 20,
    assume: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Another value for an assumption of the agreement. Repeat it."),
    ] = None,
    record: Annotated[
        bool, typer.Option("--record", help="Put the settlement in the books; replaying it changes nothing.")
    ] = False,
    only_its_currency: Annotated[
        bool, typer.Option("--only-its-currency", help="Leave out the ledger's profits in other currencies.")
    ] = False,
    svg: Annotated[Path | None, typer.Option(metavar="FILE", help="Draw the waterfall into this file.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Divide profits by a partner agreement: who gets what of each period, why, and what remains until the next.

    With --growth: in which year each tranche would end.
    """
    ways = [bool(profits), bool(from_ledger), bool(growth)]
    if sum(ways) != 1:
        fail("say where profits come from: --profits FILE, --from-ledger MONTHS, or --first, --profit and --growth")
    if growth and record:
        fail("a scenario is not recorded; --record goes with --profits or --from-ledger")
    if as_json and as_csv:
        fail("choose one of --json and --csv")
    with told():
        from pleiade.settlement import load_agreement
        from pleiade.settlement import settle as divide

        terms = load_agreement(agreement, _assumed(assume or []))
        form = Form(svg, as_json, as_csv)
        if growth:
            _scenarios(terms, first, profit, growth, years, form)
        elif profits:
            settlement = divide(terms, _from_file(terms, profits))
            _show(settlement, form, _recorded(settlement, home, post=False) if record else None)
        else:
            found, note = _from_ledger(terms, from_ledger, home, record, only_its_currency)
            settlement = divide(terms, found)
            _show(settlement, form, _recorded(settlement, home, post=True) if record else None, note)


def recorded(home: HomeOption = None, as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """List the settlements in the books."""
    with opened(home) as place:
        from pleiade.settlement.record import list_recorded

        everything = list_recorded(place.db)
    headings = ("agreement", "number", "periods", "profit", "currency", "recorded", "id")
    rows = [
        (
            each.agreement,
            str(each.number),
            f"{each.result['periods'][0]['from']}..{each.result['periods'][-1]['to']}",
            each.result["profit"],
            each.currency,
            when(each.recorded),
            each.id[:12],
        )
        for each in everything
    ]
    if as_json:
        print_json(everything)
    else:
        print_rows(headings, rows, as_csv=as_csv)


def _show(settlement: "Settlement", form: Form, receipt: "Receipt | None", note: str = "") -> None:
    from pleiade.settlement.chart import chart_lines
    from pleiade.settlement.document import settlement_csv, settlement_document
    from pleiade.settlement.settling import due
    from pleiade.settlement.svg import draw
    from pleiade.settlement.table import due_lines, settlement_lines

    terms = settlement.agreement
    if form.svg is not None:
        _write(form.svg, draw([(terms.name, settlement)]))
    if form.as_json:
        document = settlement_document(settlement)
        document["notes"] += [note] if note else []
        print_json({**document, **({"record": _receipt(settlement, receipt)} if receipt else {})})
    elif form.as_csv:
        print(settlement_csv(settlement), end="")
    else:
        print("\n".join(settlement_lines(settlement)))
        if note:
            print(f"Note: {note}.")
        print("\n".join(["", *chart_lines(settlement, _width())]))
        if receipt and receipt.replayed:
            print(f"\nIn the books since {when(receipt.recorded.recorded)}: nothing was changed, nothing is due.")
        elif receipt:
            print(f"\nRecorded as number {receipt.recorded.number}, {receipt.recorded.id[:12]}.")
            print("\n".join(due_lines(terms, due(settlement, receipt.new))))


def _recorded(settlement: "Settlement", home: str | None, *, post: bool) -> "Receipt":
    with opened(home) as place:
        from pleiade.settlement.record import record

        return record(place.db, settlement, post=post)


def _receipt(settlement: "Settlement", receipt: "Receipt") -> dict[str, Any]:
    """What --json tells of the recording: which settlement is in the books, and what is due because of this call."""
    from pleiade.settlement.document import by_party
    from pleiade.settlement.settling import due

    new = settlement.periods[len(settlement.periods) - receipt.new :]
    return {
        "id": receipt.recorded.id,
        "number": receipt.recorded.number,
        "recorded": receipt.recorded.recorded,
        "replayed": receipt.replayed,
        "new_periods": [each.profit.period.label for each in new],
        "due": by_party(settlement.agreement, due(settlement, receipt.new)),
    }


def _scenarios(
    terms: "Agreement",
    first: int,
    profit: str,
    growth: list[str],
    years: int,
    form: Form,
) -> None:
    from pleiade.settlement.amounts import percent, to_units
    from pleiade.settlement.chart import chart_lines
    from pleiade.settlement.document import scenarios_csv, scenarios_document
    from pleiade.settlement.scenario import compare, parse_growth
    from pleiade.settlement.svg import draw
    from pleiade.settlement.table import scenarios_lines

    if not (first and profit):
        fail("a scenario begins somewhere: add --first YEAR and --profit AMOUNT")
    units = to_units(profit, terms.digits, "--profit")
    scenarios = compare(terms, first, units, [parse_growth(rate) for rate in growth], years)
    if form.svg is not None:
        panels = [(f"{terms.name}, growth {percent(each.growth)}", each.settlement) for each in scenarios]
        _write(form.svg, draw(panels))
    if form.as_json:
        print_json(scenarios_document(scenarios))
    elif form.as_csv:
        print(scenarios_csv(scenarios), end="")
    else:
        print("\n".join(scenarios_lines(scenarios)))
        for each in scenarios:
            print("\n".join(["", f"Growth {percent(each.growth)}.", *chart_lines(each.settlement, _width())]))


def _from_file(terms: "Agreement", name: str) -> "list[Profit]":
    from pleiade.settlement.profits import read_profits

    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        fail(f"cannot read the profits {name}: {error.strerror}; give the path of a CSV file, or - for stdin")
    return read_profits(data, terms, "stdin" if name == "-" else name)


def _from_ledger(
    terms: "Agreement", months: str, home: str | None, record: bool, only_its_currency: bool
) -> "tuple[list[Profit], str]":
    """The months' profits, and a note about what the ledger has booked too late for them."""
    from pleiade.settlement.amounts import grouped
    from pleiade.settlement.profits import ledger_profits, months_of

    named = months_of(months)
    if record and named[-1] >= datetime.datetime.now(datetime.UTC).strftime("%Y-%m"):
        fail(f"the month {named[-1]} is not over: its profit may change; record it afterwards")
    with opened(home) as place:
        from pleiade.ledger.profit import monthly_profit
        from pleiade.settlement.record import settled_profits

        rows = monthly_profit(place.db, named)
        if only_its_currency:
            rows = [row for row in rows if row[2] == terms.currency]
        profits, late = ledger_profits(rows, named, terms, settled_profits(place.db, terms))
    told = f"{grouped(late, terms.digits)} was booked after these months were settled, and comes with the next month"
    return profits, told if late else ""


def _write(path: Path, drawing: str) -> None:
    try:
        path.write_text(drawing, encoding="utf-8")
    except OSError as error:
        fail(f"cannot write the drawing {path}: {error.strerror}; name a file in a folder that you may write in")


def _assumed(pairs: list[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for pair in pairs:
        name, sign, value = pair.partition("=")
        if not (name and sign and value):
            fail(f"--assume {pair!r}: write NAME=VALUE")
        values[name] = value
    return values


def _width() -> int:
    import shutil

    return min(WIDEST, shutil.get_terminal_size((100, 40)).columns)
