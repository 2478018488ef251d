"""A settlement for programs: one JSON document, or CSV; and its identity."""

import csv
import hashlib
import io
import json
from typing import Any

import msgspec

from pleiade.settlement.agreement import Agreement
from pleiade.settlement.amounts import decimal, plain
from pleiade.settlement.periods import gaps
from pleiade.settlement.scenario import Scenario
from pleiade.settlement.settling import Next, Settled, Settlement
from pleiade.settlement.words import end_told, missing_told, why


def terms_id(agreement: Agreement) -> str:
    """SHA-256 of what the agreement says: the same for two files that differ in comments and spelling only."""
    return _sha256(msgspec.to_builtins(agreement, enc_hook=str))


def settlement_id(settlement: Settlement) -> str:
    """SHA-256 of the agreement and of the periods with their profits: the same settlement has the same id."""
    return _sha256({"terms": terms_id(settlement.agreement), "profits": profits_of(settlement)})


def profits_of(settlement: Settlement) -> list[tuple[str, str, str]]:
    """First day, last day and profit (a decimal string) of each period."""
    digits = settlement.agreement.digits
    return [
        (str(each.profit.period.first), str(each.profit.period.last), decimal(each.profit.units, digits))
        for each in settlement.periods
    ]


def settlement_document(settlement: Settlement) -> dict[str, Any]:
    """All of a settlement, amounts as decimal strings (docs/settlement.md tells each field)."""
    agreement = settlement.agreement
    missing = missing_told(gaps([each.profit.period for each in settlement.periods]))
    return {
        "id": settlement_id(settlement),
        "agreement": agreement.name,
        "currency": agreement.currency,
        "unit": decimal(1, agreement.digits),
        "parties": [{"id": party.id, "name": party.name} for party in agreement.parties],
        "assumptions": agreement.assumptions,
        "periods": [_period(agreement, each) for each in settlement.periods],
        "profit": decimal(sum(settlement.totals), agreement.digits),
        "totals": by_party(agreement, settlement.totals),
        "paid": by_party(agreement, settlement.paid),
        "carried": decimal(settlement.periods[-1].carried, agreement.digits),
        "tranches": _tranches(settlement),
        "notes": [missing] if missing else [],
    }


def scenarios_document(scenarios: list[Scenario]) -> dict[str, Any]:
    """Every growth rate with its settlement."""
    return {"scenarios": [{"growth": plain(each.growth), **settlement_document(each.settlement)} for each in scenarios]}


def settlement_csv(settlement: Settlement) -> str:
    """A line for each period: its profit, each party's share, each party's payment, losses carried, tranches."""
    agreement = settlement.agreement
    parties = [party.id for party in agreement.parties]
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(["period", "profit", *parties, *(f"{party}_paid" for party in parties), "carried", "tranches"])
    for each in settlement.periods:
        amounts = (each.profit.units, *each.shares, *each.paid, each.carried)
        names = dict.fromkeys(agreement.tranches[part.stage.tranche].name for part in each.parts)
        lines.writerow(
            [each.profit.period.label, *(decimal(units, agreement.digits) for units in amounts), " + ".join(names)]
        )
    return out.getvalue()


def scenarios_csv(scenarios: list[Scenario]) -> str:
    """A line for each growth rate and tranche: the year in which it ends; empty = not within these years."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(["growth", "tranche", "ends_in"])
    for each in scenarios:
        for tranche in _tranches(each.settlement):
            lines.writerow([plain(each.growth), tranche["tranche"], tranche["ended_in"] or ""])
    return out.getvalue()


def by_party(agreement: Agreement, units: tuple[int, ...]) -> dict[str, str]:
    """Decimal strings by the parties' ids."""
    amounts = zip(agreement.parties, units, strict=True)
    return {party.id: decimal(each, agreement.digits) for party, each in amounts}


def _period(agreement: Agreement, settled: Settled) -> dict[str, Any]:
    period, digits = settled.profit.period, agreement.digits
    return {
        "period": period.label,
        "from": str(period.first),
        "to": str(period.last),
        "profit": decimal(settled.profit.units, digits),
        "shares": by_party(agreement, settled.shares),
        "paid": by_party(agreement, settled.paid),
        "carried": decimal(settled.carried, digits),
        "parts": [
            {
                "tranche": agreement.tranches[part.stage.tranche].name,
                "kind": part.kind.value,
                "amount": decimal(part.units, digits),
                "shares": by_party(agreement, part.shares),
                "why": why(agreement, part, period.last),
            }
            for part in settled.parts
        ],
        "next": _next(agreement, settled.next),
    }


def _next(agreement: Agreement, remaining: Next) -> dict[str, Any]:
    digits = agreement.digits
    return {
        "tranche": agreement.tranches[remaining.tranche].name,
        "profit": None if remaining.profit is None else decimal(remaining.profit, digits),
        "lacking": {agreement.parties[n].id: decimal(units, digits) for n, units in remaining.lacking},
        "date": None if remaining.last_day is None else str(remaining.last_day),
    }


def _tranches(settlement: Settlement) -> list[dict[str, Any]]:
    agreement, periods = settlement.agreement, settlement.periods
    return [
        {
            "tranche": tranche.name,
            "until": end_told(agreement, number, periods[-1].profit.period.last),
            "ended_in": None if ended is None else periods[ended].profit.period.label,
        }
        for number, (tranche, ended) in enumerate(zip(agreement.tranches, settlement.ends, strict=True))
    ]


def _sha256(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()
