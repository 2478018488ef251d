"""How the commands about limits read numbers, and say capacities, rates and budgets."""

from typing import TYPE_CHECKING, Any

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
    if text == NONE:
        return None
    try:
        return int(text.replace("_", "").replace(",", ""))
    except ValueError:
        fail(f"{what} {text!r}: write a whole number, or none")


def nano_of(amount: str) -> int:
    from pleiade.domain.money import nano

    try:
        return nano(amount)
    except (ValueError, ZeroDivisionError):
        fail(f"{amount!r} is no amount: write a decimal such as 250.00, or none")


def plain(struct: Any) -> dict[str, Any]:
    import msgspec

    plain: dict[str, Any] = msgspec.to_builtins(struct)
    return plain


def public(budget: "Budget") -> dict[str, Any]:
    """A budget as people may see it: without the secret of its webhook."""
    from pleiade.domain.money import decimal

    shown = {name: value for name, value in plain(budget).items() if name not in ("secret", "nano")}
    return {**shown, "amount": decimal(budget.nano, 2)}


def capacity_words(capacity: "Capacity") -> list[tuple[str, str]]:
    if not capacity.units:
        return [("tokens/min", "unlimited")]
    spills = f", spills over to {capacity.spillover}" if capacity.spillover else ""
    open_ = ", open while the store is lost" if capacity.stance == "open" else ""
    words = [("tokens/min", f"{capacity.tokens_per_minute:,} {capacity.kind}{spills}{open_}")]
    if capacity.kind == "standard":
        words.append(("requests/min", f"{capacity.requests_per_minute:,} in slices of {capacity.slice_s} s"))
    return words


def rate_words(rate: "RateLimit") -> list[tuple[str, str]]:
    names = {
        "max_requests_per_1_minute": "requests/min",
        "max_tokens_per_1_minute": "tokens/min",
        "max_images_per_1_minute": "images/min",
        "max_audio_megabytes_per_1_minute": "audio MB/min",
        "max_requests_per_1_day": "requests/day",
        "batch_1_day_max_input_tokens": "batch tokens/day",
    }
    return [(names[field], f"{value:,}") for field, value in plain(rate).items() if value is not None]


def budget_words(budget: "Budget") -> str:
    from pleiade.domain.money import decimal

    alerts = f", alerts at {', '.join(f'{level} %' for level in budget.alerts)}" if budget.alerts else ""
    return f"{decimal(budget.nano, 2)} {budget.currency} {'hard' if budget.hard else 'soft'}{alerts}"
