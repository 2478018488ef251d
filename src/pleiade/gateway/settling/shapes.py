"""Agreements and settlements as the routes tell them; every amount is an exact decimal string."""

from typing import Any

from pleiade.domain.currency import CURRENCIES
from pleiade.domain.money import decimal as of_nano
from pleiade.gateway.settling.months import Divided, Span
from pleiade.settlement import Settlement
from pleiade.settlement.agreement import Agreement, cap_on, goal_on
from pleiade.settlement.amounts import decimal, percent, plain
from pleiade.settlement.document import by_party, settlement_document
from pleiade.settlement.kept import Kept
from pleiade.settlement.profits import NANO
from pleiade.settlement.settling import due

CLASSES = ("revenue", "discounts", "own-use", "cost", "expense")


def agreement_line(kept: Kept, agreement: Agreement, organisation: str, *, house: bool) -> dict[str, Any]:
    """An agreement as a line of a list. Who looks on is the house's to know, and each partner's of itself."""
    mine = [party for party, partner in kept.partners.items() if partner == organisation]
    return {
        "object": "organization.agreement",
        "id": kept.id,
        "name": kept.name,
        "currency": agreement.currency,
        "parties": [{"id": party.id, "name": party.name} for party in agreement.parties],
        "party_ids": mine,
        "created_at": kept.created,
        "changed_at": kept.changed,
        "can_change": house,
    }


def agreement_in_full(
    kept: Kept, agreement: Agreement, organisation: str, span: Span, *, house: bool
) -> dict[str, Any]:
    """An agreement with its terms, and the months that there are to settle (for the house)."""
    digits = agreement.digits
    day = max((each.day for each in agreement.investments), default=None)
    months = {"first": span.first, "last": span.last, "closed": span.closed, "running": span.running}
    return {
        **agreement_line(kept, agreement, organisation, house=house),
        "document": kept.document,
        "partners": kept.partners if house else dict.fromkeys(_mine(kept, organisation), organisation),
        "unit": decimal(1, digits),
        "assumptions": agreement.assumptions,
        "investments": [
            {"party": each.party, "date": str(each.day), "amount": decimal(each.units, digits)}
            for each in agreement.investments
        ],
        "tranches": [
            {
                "name": tranche.name,
                "shares": {
                    party.id: {"share": plain(share), "percent": percent(share)}
                    for party, share in zip(agreement.parties, tranche.shares, strict=True)
                    if share
                },
                "until": _until(agreement, number, day),
            }
            for number, tranche in enumerate(agreement.tranches)
        ],
        "months": {**months, "first": months["first"] if house else "", "last": months["last"] if house else ""},
    }


def _mine(kept: Kept, organisation: str) -> list[str]:
    return [party for party, partner in kept.partners.items() if partner == organisation]


def _until(agreement: Agreement, number: int, day: Any) -> dict[str, Any] | None:
    """When a tranche ends, in parts that any language can say; amounts as they stand with every investment made."""
    end, digits = agreement.tranches[number].end, agreement.digits
    if end is None:
        return None
    told: dict[str, Any] = {"party": None, "amount": None, "date": None, "caps": None}
    if end.goal is not None:
        units = end.goal.units if end.goal.multiple is None else goal_on(agreement, end.party, end.goal, day)
        told |= {"party": end.party, "amount": None if units is None else decimal(units, digits)}
    if end.last_day is not None:
        told["date"] = str(end.last_day)
    if end.caps:
        caps = {}
        for n, party in enumerate(agreement.parties):
            if agreement.tranches[number].shares[n] and party.cap is not None and day is not None:
                cap = cap_on(agreement, n, day)
                caps[party.id] = None if cap is None else decimal(cap, digits)
        told["caps"] = caps
    return told


def settled(settlement: Settlement) -> dict[str, Any]:
    """A settlement as `pleiade settle --json` prints it; and, of each part, who was at its cap."""
    document = settlement_document(settlement)
    parties = settlement.agreement.parties
    for period, told in zip(settlement.periods, document["periods"], strict=True):
        for part, said in zip(period.parts, told["parts"], strict=True):
            said["capped"] = [{"party": parties[n].id, "then": parties[n].then} for n in part.stage.capped]
    return document


def divided_told(divided: Divided) -> dict[str, Any]:
    """A settlement of the ledger's months: what is new in it, what would be due, what its profits are made of."""
    agreement = divided.settlement.agreement
    new = divided.settlement.periods[len(divided.settlement.periods) - divided.new :]
    return {
        "object": "organization.settlement",
        **settled(divided.settlement),
        "new_periods": [each.profit.period.label for each in new],
        "due": by_party(agreement, due(divided.settlement, divided.new)),
        "flows": flows_told(divided),
        "left_out": list(divided.left_out),
        "late": decimal(divided.late, agreement.digits),
        "unbilled": [{"period": period, "organizations": count} for period, count in divided.unbilled],
    }


def flows_told(divided: Divided) -> dict[str, dict[str, str]]:
    """What each class of account brought or took, by month and in all, to the ledger's last digit.

    `difference` is what is left to the profit: rounding to what can be paid, and what was booked for a closed month
    since, which comes with the next one.
    """
    agreement = divided.settlement.agreement
    digits, unit = CURRENCIES[agreement.currency], 10 ** (NANO - agreement.digits)
    nano = {}
    for each in divided.settlement.periods:
        month = each.profit.period.label
        classes = divided.flows.get((month, agreement.currency), {})
        told = {kind: classes.get(kind, 0) for kind in CLASSES}
        nano[month] = {**told, "difference": each.profit.units * unit - sum(classes.values())}
    nano["total"] = {kind: sum(each[kind] for each in nano.values()) for kind in (*CLASSES, "difference")}
    return {
        month: {kind: of_nano(amount, digits) for kind, amount in classes.items()} for month, classes in nano.items()
    }
