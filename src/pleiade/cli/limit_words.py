"""How the commands about limits read numbers, and say capacities, rates and budgets."""

from typing import TYPE_CHECKING, Any, NamedTuple

from pleiade.cli.common import fail

if TYPE_CHECKING:
    from pleiade.domain.limits import Budget, Capacity, RateLimit

NONE = "none"


def changed_capacity(old: "Capacity | None", **changes: Any) -> "Capacity":
    """A capacity as it is, or as new, with the changes that are not None. Fails with a sentence for unknown words."""
    import msgspec

    from pleiade.domain.limits import Capacity, CapacityKind, Stance

    given = {field: value for field, value in changes.items() if value is not None}
    for field, words in (("kind", CapacityKind), ("stance", Stance)):
        if field in given:
            if given[field] not in list(words):
                fail(f"--{field} {given[field]!r}: use {' or '.join(words)}")
            given[field] = words(given[field])
    if given.get("kind") is CapacityKind.STANDARD and "spillover" not in given:
        given["spillover"] = ""
    return msgspec.structs.replace(old or Capacity(), **given)


def number(what: str, text: str) -> int | None:
    """A whole number, or None for "none"; anything else ends the command."""
    if text == NONE:
        return None
    try:
        return int(text.replace("_", "").replace(",", ""))
    except ValueError:
        fail(f"{what} {text!r}: write a whole number, or none")


def nano_of(amount: str) -> int:
    """The nano of an amount; what is none ends the command."""
    from pleiade.domain.money import nano

    try:
        return nano(amount)
    except (ValueError, ZeroDivisionError):
        fail(f"{amount!r} is no amount: write a decimal such as 250.00, or none")


def plain(struct: Any) -> dict[str, Any]:
    """A struct's fields as JSON has them."""
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(struct)
    return plain


def public(budget: "Budget") -> dict[str, Any]:
    """A budget as people may see it: without the secret of its webhook."""
    from pleiade.domain.money import decimal

    shown = {name: value for name, value in plain(budget).items() if name not in ("secret", "nano")}
    return {**shown, "amount": decimal(budget.nano, 2)}


class Line(NamedTuple):
    """One limit: of what, how much (a plain number, or "unlimited"), and what else is to be said."""

    of: str
    limit: str
    note: str = ""

    def __str__(self) -> str:
        grouped = f"{int(self.limit):,}" if self.limit.isdigit() else self.limit
        return " ".join(part for part in (self.of, grouped, self.note) if part)


def capacity_lines(capacity: "Capacity") -> list[Line]:
    """What a capacity limits."""
    if not capacity.units:
        return [Line("tokens/min", "unlimited")]
    spills = f", spills over to {capacity.spillover}" if capacity.spillover else ""
    open_ = ", open while the store is lost" if capacity.stance == "open" else ""
    lines = [Line("tokens/min", str(capacity.tokens_per_minute), f"{capacity.kind}{spills}{open_}")]
    if capacity.kind == "standard":
        lines.append(Line("requests/min", str(capacity.requests_per_minute), f"in slices of {capacity.slice_s} s"))
    return lines


def rate_lines(rate: "RateLimit") -> list[Line]:
    """What a rate limits; nothing where it limits nothing."""
    names = {
        "max_requests_per_1_minute": "requests/min",
        "max_tokens_per_1_minute": "tokens/min",
        "max_images_per_1_minute": "images/min",
        "max_audio_megabytes_per_1_minute": "audio MB/min",
        "max_requests_per_1_day": "requests/day",
        "batch_1_day_max_input_tokens": "batch tokens/day",
    }
    return [Line(names[field], str(value)) for field, value in plain(rate).items() if value is not None]


def budget_line(budget: "Budget") -> Line:
    """What may be spent."""
    from pleiade.domain.money import decimal

    alerts = f", alerts at {', '.join(f'{level} %' for level in budget.alerts)}" if budget.alerts else ""
    note = f"{budget.currency} {'hard' if budget.hard else 'soft'}{alerts}"
    return Line("money/month", decimal(budget.nano, 2), note)
