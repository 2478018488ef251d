"""`pleiade price set|apply|list|show|history`."""

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pleiade.cli import completion
from pleiade.cli.common import CsvOption, HomeOption, JsonOption, fail, opened, print_json, print_rows, when

if TYPE_CHECKING:
    from pleiade.domain.price import Price, Rate

app = typer.Typer(help="Price lists: what models cost in each storefront.", no_args_is_help=True)

ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help="Id of a model.", autocompletion=completion.models)]
StorefrontOption = Annotated[str, typer.Option(help="openai or azure.")]
HEADINGS = ("storefront", "model", "version", "currency", "from", "kind", "amount", "per", "size", "quality", "id")


@app.command("set")
def set_one(
    model: ModelArgument,
    storefront: StorefrontOption,
    currency: Annotated[str, typer.Option(help="ISO 4217, say USD.")],
    input: Annotated[str, typer.Option(metavar="AMOUNT", help="Prompt tokens.")] = "",
    cached_input: Annotated[
        str, typer.Option(metavar="AMOUNT", help="Prompt tokens found in the prefix cache. [default: as --input]")
    ] = "",
    output: Annotated[str, typer.Option(metavar="AMOUNT", help="Completion tokens.")] = "",
    reasoning: Annotated[
        str,
        typer.Option(metavar="AMOUNT", help="Completion tokens that were thought, not said. [default: as --output]"),
    ] = "",
    training_token: Annotated[str, typer.Option(metavar="AMOUNT", help="Tokens that a fine-tune reads.")] = "",
    per: Annotated[str, typer.Option(help="How many tokens those amounts are for: 1, 1K or 1M.")] = "",
    image: Annotated[
        list[str] | None,
        typer.Option(metavar="[SIZE[/QUALITY]=]AMOUNT", help="One picture, say 1024x1024/hd=0.08. Repeat it."),
    ] = None,
    audio: Annotated[str, typer.Option(metavar="AMOUNT", help="Tokens of sound.")] = "",
    call: Annotated[str, typer.Option(metavar="AMOUNT", help="A fee for each call, besides its tokens.")] = "",
    provisioned_hour: Annotated[
        str, typer.Option(metavar="AMOUNT", help="One unit of provisioned capacity, one hour.")
    ] = "",
    training_hour: Annotated[str, typer.Option(metavar="AMOUNT", help="One accelerator, one hour.")] = "",
    effective: Annotated[str, typer.Option("--from", metavar="DATE", help="First moment, UTC. [default: now]")] = "",
    free: Annotated[bool, typer.Option("--free", help="Amounts of zero are meant.")] = False,
    kind: Annotated[str, typer.Option(help="What a model makes that is not registered yet, say text.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set a model's price, from a moment on. What was sold before stays at its price."""
    with opened(home, bundled=True) as place:
        from pleiade.domain.price import Rate, RateKind
        from pleiade.prices import PriceError, set_price
        from pleiade.prices.catalogue import Offer
        from pleiade.prices.price_list import TOKENS, known_kind
        from pleiade.prices.units import moment, per_unit

        amounts = {
            RateKind.INPUT: input,
            RateKind.CACHED_INPUT: cached_input,
            RateKind.OUTPUT: output,
            RateKind.REASONING: reasoning,
            RateKind.TRAINING_TOKEN: training_token,
            RateKind.AUDIO: audio,
            RateKind.CALL: call,
            RateKind.PROVISIONED_HOUR: provisioned_hour,
            RateKind.TRAINING_HOUR: training_hour,
        }
        given = {rate_kind: amount for rate_kind, amount in amounts.items() if amount}
        if not per and any(rate_kind in TOKENS for rate_kind in given):
            raise PriceError("for how many tokens are those amounts? Say --per 1M (or 1K, or 1)")
        tokens = per_unit(per) if per else 1
        rates = [
            Rate(kind=rate_kind, amount=amount, per=tokens if rate_kind in TOKENS else 1)
            for rate_kind, amount in given.items()
        ]
        rates += [_image(text) for text in image or ()]
        price = set_price(
            place.db,
            Offer(
                storefront=storefront,
                model=model,
                currency=currency,
                rates=tuple(rates),
                effective=moment(effective) if effective else 0,
                free=free,
                kind=known_kind(kind or None, model),
            ),
        )
    if as_json:
        print_json(price)
    else:
        print(f"{model} costs in {storefront} from {when(price.effective)} on: {_words(price)}")


@app.command("apply")
def apply(
    file: Annotated[Path, typer.Argument(help="A price list, as docs/prices.md describes it.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a price list: all of it or nothing. Applying it again changes nothing."""
    with opened(home, bundled=True) as place:
        from pleiade.prices import apply_prices
        from pleiade.prices.price_list import read_price_list

        prices, fresh = apply_prices(place.db, read_price_list(file))
    if as_json:
        print_json({"new": fresh, "prices": prices})
    else:
        print(f"{fresh} new of {len(prices)} prices")


@app.command("list")
def list_all(
    storefront: Annotated[str, typer.Option(help="Of one storefront only.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """List the prices in force now, a row for each rate."""
    with opened(home) as place:
        from pleiade.prices import book

        prices = [price for price in book(place.db).in_force(time.time()) if storefront in ("", price.storefront)]
    _print(prices, as_json=as_json, as_csv=as_csv)


@app.command("show")
def show(
    model: ModelArgument,
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """Show what a model costs now in each storefront."""
    with opened(home) as place:
        from pleiade.prices import book

        prices = [price for price in book(place.db).in_force(time.time()) if price.model == model]
    if not prices:
        fail(f"{model} has no price in force; set one with `pleiade price set {model} …`")
    _print(prices, as_json=as_json, as_csv=as_csv)


@app.command("history")
def history(
    model: Annotated[str, typer.Argument(help="Of one model only.", autocompletion=completion.models)] = "",
    storefront: Annotated[str, typer.Option(help="Of one storefront only.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
) -> None:
    """List every version that was ever set, those to come too. Of those that have begun, the last one holds."""
    with opened(home) as place:
        from pleiade.prices import history as every_version

        prices = every_version(place.db, model, storefront)
    _print(prices, as_json=as_json, as_csv=as_csv)


def _print(prices: "list[Price]", *, as_json: bool, as_csv: bool) -> None:
    if as_json:
        print_json(prices)
        return
    rows = [
        (
            price.storefront,
            price.model,
            str(price.version),
            price.currency,
            when(price.effective),
            rate.kind.value,
            rate.amount,
            str(rate.per),
            rate.size,
            rate.quality,
            price.id,
        )
        for price in prices
        for rate in price.rates
    ]
    print_rows(HEADINGS, rows, as_csv=as_csv)


def _image(text: str) -> "Rate":
    """ "1024x1024/hd=0.08", "1024x1024=0.04" or "0.02"."""
    from pleiade.domain.price import Rate, RateKind

    what, _, amount = text.rpartition("=")
    size, _, quality = what.partition("/")
    return Rate(kind=RateKind.IMAGE, amount=amount, size=size, quality=quality)


def _words(price: "Price") -> str:
    units = {1: "each", 1_000: "per 1K", 1_000_000: "per 1M"}
    return ", ".join(
        f"{' '.join(word for word in (rate.kind.value, rate.size, rate.quality) if word)} {rate.amount} "
        f"{price.currency} {units.get(rate.per, f'per {rate.per}')}"
        for rate in price.rates
    )
