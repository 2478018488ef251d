"""Price lists as TOML files: one storefront and one currency a file, one table a model."""

import tomllib
from collections.abc import Mapping
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path

from pleiade.domain.model import ModelKind
from pleiade.domain.price import Rate, RateKind
from pleiade.prices.catalogue import Offer
from pleiade.prices.errors import PriceError
from pleiade.prices.units import moment, per_unit

TOKENS = (
    RateKind.INPUT,
    RateKind.CACHED_INPUT,
    RateKind.OUTPUT,
    RateKind.REASONING,
    RateKind.AUDIO,
    RateKind.TRAINING_TOKEN,
)
_HEAD = {"storefront", "currency", "per", "effective", "price"}
_ENTRY = {"model", "kind", "free", "currency"}


def read_price_list(path: Path) -> list[Offer]:
    """The offers of a price list. Raises PriceError for what cannot be read or understood; OSError without a file."""
    try:
        # Decimal keeps a bare 0.15 as it is written: no amount ever passes through a binary float.
        document = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=Decimal)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PriceError(f"{path}: {error}") from error
    try:
        return _offers(document)
    except PriceError as error:
        raise PriceError(f"{path}: {error}") from error


def _offers(document: Mapping[str, object]) -> list[Offer]:
    _no_others(document, _HEAD, "a price list")
    entries = document.get("price")
    if not isinstance(entries, list) or not entries:
        raise PriceError("a price list needs [[price]] tables, each with a model and its rates")
    storefront, currency = (_text(document, name, "a price list") for name in ("storefront", "currency"))
    per = per_unit(str(document["per"])) if "per" in document else 0
    effective = _effective(document.get("effective"))
    return [_offer(entry, storefront, currency, per, effective) for entry in entries]


def _offer(entry: object, storefront: str, currency: str, per: int, effective: int) -> Offer:
    if not isinstance(entry, dict):
        raise PriceError("[[price]] must be a table")
    model = _text(entry, "model", "a [[price]]")
    if "currency" in entry and entry["currency"] != currency:
        raise PriceError(f"{model}: a price in two currencies ({currency} and {entry['currency']}): keep the list's")
    names = {kind.value for kind in RateKind}
    _no_others(entry, _ENTRY | names, f"the price of {model}")
    rates: list[Rate] = []
    for kind in RateKind:
        if kind.value not in entry:
            continue
        if kind in TOKENS and not per:
            raise PriceError(f'{model}: {kind.value} for how many tokens? Say per = "1M" at the top of the list')
        rates += _rates(kind, entry[kind.value], per if kind in TOKENS else 1, model)
    if not isinstance(free := entry.get("free", False), bool):
        raise PriceError(f"{model}: free is true or false, not {free!r}")
    return Offer(
        storefront=storefront,
        model=model,
        currency=currency,
        rates=tuple(rates),
        effective=effective,
        free=free,
        kind=known_kind(entry.get("kind"), model),
    )


def _rates(kind: RateKind, value: object, per: int, model: str) -> list[Rate]:
    """One amount, or for images a list of tables with amount, size and quality."""
    if not isinstance(value, list):
        return [Rate(kind=kind, amount=_amount(value), per=per)]
    if kind is not RateKind.IMAGE:
        raise PriceError(f"{model}: {kind.value} is one amount; tiers belong to an organisation's terms")
    rates = []
    for table in value:
        if not isinstance(table, dict) or "amount" not in table:
            raise PriceError(f'{model}: write [[price.image]] with amount = "…", size = "1024x1024", quality = "hd"')
        _no_others(table, {"amount", "size", "quality"}, f"an image of {model}")
        size, quality = (str(table.get(name, "")) for name in ("size", "quality"))
        rates.append(Rate(kind=kind, amount=_amount(table["amount"]), per=per, size=size, quality=quality))
    return rates


def _amount(value: object) -> str:
    """As written, with no exponent; what is no number is left to the rules, which say so."""
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    return str(value)


def known_kind(value: object, model: str) -> ModelKind | None:
    """The kind of model that a person wrote; None for none. Raises PriceError."""
    if value is None:
        return None
    try:
        return ModelKind(str(value))
    except ValueError as error:
        raise PriceError(f"{model}: kind {value!r}: say one of {', '.join(ModelKind)}") from error


def _effective(value: object) -> int:
    """Unix seconds; 0 = when the list is applied."""
    if value is None:
        return 0
    if isinstance(value, datetime | date):
        return moment((value if isinstance(value, datetime) else datetime.combine(value, time())).isoformat())
    return moment(str(value))


def _text(table: Mapping[str, object], name: str, where: str) -> str:
    value = table.get(name)
    if not isinstance(value, str) or not value:
        raise PriceError(f'{where} needs {name} = "…"')
    return value


def _no_others(table: Mapping[str, object], known: set[str], where: str) -> None:
    if unknown := sorted(set(table) - known):
        raise PriceError(f"{where} has no {', '.join(unknown)}; it has {', '.join(sorted(known))}")
