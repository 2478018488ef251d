"""From metered calls to lines: by model and kind, whose amounts add up to the nano to what the ledger holds."""

from collections import defaultdict
from collections.abc import Sequence
from fractions import Fraction

from pleiade.domain.price import Price, RateKind
from pleiade.domain.usage import Usage
from pleiade.invoices.document import Line, LineType
from pleiade.invoices.meter import Metered
from pleiade.prices import PriceBook, billed, exact, rate_of
from pleiade.prices.arithmetic import half_even
from pleiade.prices.batch import is_for_batches
from pleiade.prices.terms import Line as TermsLine
from pleiade.prices.terms import Terms, adjust

UNITS = {
    RateKind.INPUT: "input tokens",
    RateKind.CACHED_INPUT: "cached input tokens",
    RateKind.OUTPUT: "output tokens",
    RateKind.REASONING: "reasoning tokens",
    RateKind.IMAGE: "images",
    RateKind.AUDIO: "audio tokens",
    RateKind.CALL: "calls",
}
METERED = "metered"  # kind of a line that says what the meter has beyond quantities times rates


def usage_lines(rows: Sequence[Metered], book: PriceBook) -> list[Line]:
    """Lines of calls, by model, price and kind: their sum is the sum of the calls' costs, exactly."""
    groups: dict[tuple[str, str, str, str], list[Metered]] = defaultdict(list)
    for row in rows:
        price = book.get(row.price)
        if row.cost or (price is not None and price.free):  # what was not charged (failed, refused) is no line
            groups[row.model, row.price, row.size, row.quality].append(row)
    lines: list[Line] = []
    for (model, price_id, size, quality), group in sorted(groups.items()):
        cost = sum(row.cost for row in group)
        price = book.get(price_id)
        if price is None:  # a price of the books that is not in the price list: the money stays, unexplained
            lines.append(_remainder(model, price_id, cost))
        else:
            lines += _priced(price, size, quality, group, cost)
    return lines


def adjustment_lines(lines: Sequence[Line], terms: Terms) -> list[Line]:
    """What the terms change about the usage, by model and kind."""
    used: dict[tuple[str, str], TermsLine] = {}
    for line in lines:
        if line.type is LineType.USAGE and line.kind != METERED:
            before = used.get((line.model, line.kind))
            used[line.model, line.kind] = TermsLine(
                model=line.model,
                kind=RateKind(line.kind),
                quantity=line.quantity + (before.quantity if before else 0),
                listed=line.amount + (before.listed if before else 0),
            )
    changes: list[Line] = []
    for had, change in zip(used.values(), adjust(terms, list(used.values())), strict=True):
        what = f"{had.model}, {UNITS[had.kind]}"
        told = (
            (LineType.ALLOWANCE, f"Free: {change.free:,} of {had.model}, {UNITS[had.kind]}", change.allowance),
            (LineType.TIERS, f"Volume tiers: {what}", change.tiers),
            (LineType.DISCOUNT, f"Discount {change.percent} %: {what}", change.discount),
        )
        for line_type, text, amount in told:
            if amount:
                free = change.free if line_type is LineType.ALLOWANCE else 0
                percent = change.percent if line_type is LineType.DISCOUNT else ""
                changes.append(
                    Line(
                        type=line_type,
                        text=text,
                        amount=amount,
                        model=had.model,
                        kind=had.kind.value,
                        quantity=free,
                        percent=percent,
                    )
                )
    return changes


def _priced(price: Price, size: str, quality: str, group: Sequence[Metered], cost: int) -> list[Line]:
    """One line for each kind. Calls were rounded one by one, so the largest line takes what that makes."""
    quantities: dict[RateKind, int] = defaultdict(int)
    for row in group:
        counted = Usage(
            prompt_tokens=row.prompt_tokens,
            cached_tokens=row.cached_tokens,
            completion_tokens=row.completion_tokens,
            reasoning_tokens=row.reasoning_tokens,
            images=row.images,
            audio=row.audio,
        )
        for kind, quantity in billed(counted).items():
            if kind is not RateKind.CALL and rate_of(price, kind, size=size, quality=quality) is not None:
                quantities[kind] += quantity
    worth = {kind: exact(price, kind, n, size=size, quality=quality) for kind, n in quantities.items()}
    fee = rate_of(price, RateKind.CALL)
    if fee is not None:  # calls that used nothing paid no fee, and sums do not tell them: the money does
        one = exact(price, RateKind.CALL, 1)
        rest = max(Fraction(0), cost - sum(worth.values(), Fraction(0)))
        quantities[RateKind.CALL] = half_even(rest / one) if one else sum(row.calls for row in group)
        worth[RateKind.CALL] = one * quantities[RateKind.CALL]
    amounts = {kind: half_even(value) for kind, value in worth.items()}
    rest_nano = cost - sum(amounts.values())
    calls = sum(row.calls for row in group)
    lines: list[Line] = []
    if amounts and abs(rest_nano) <= calls + len(amounts):
        largest = max(amounts, key=lambda kind: (worth[kind], kind.value))
        amounts[largest] += rest_nano
    elif rest_nano:
        lines.append(_remainder(price.model, price.id, rest_nano))
    for kind, quantity in quantities.items():
        if not quantity:
            continue
        rate = rate_of(price, kind, size=size, quality=quality)
        assert rate is not None
        what = (
            " ".join(word for word in (UNITS[kind], size, quality) if word) if kind is RateKind.IMAGE else UNITS[kind]
        )
        lines.append(
            Line(
                type=LineType.USAGE,
                text=f"{price.model}, {what}{' in batches' if is_for_batches(price.id) else ''}",
                amount=amounts[kind],
                model=price.model,
                kind=kind.value,
                size=size if kind is RateKind.IMAGE else "",
                quality=quality if kind is RateKind.IMAGE else "",
                quantity=quantity,
                rate=rate.amount,
                per=rate.per,
                price=price.id,
            )
        )
    order = list(RateKind)
    return sorted(lines, key=lambda line: order.index(RateKind(line.kind)) if line.kind != METERED else len(order))


def _remainder(model: str, price: str, amount: int) -> Line:
    return Line(type=LineType.USAGE, text=f"{model}, as metered", amount=amount, model=model, kind=METERED, price=price)
