"""An organisation's terms as a TOML file, and all that can be wrong with them."""

import tomllib
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import msgspec

from pleiade.domain.price import RateKind
from pleiade.prices.errors import PriceError
from pleiade.prices.rules import amount_problem, currency_problems
from pleiade.prices.terms import Allowance, Discount, Terms, Tiers
from pleiade.prices.units import month, per_unit


def read_terms(path: Path) -> Terms:
    """The terms of a file, judged. Raises PriceError with all that is wrong; OSError without a file."""
    try:
        # A bare 0.15 stays the text that was written: no amount passes through a binary float.
        document = tomllib.loads(path.read_text(encoding="utf-8"), parse_float=str)
        terms = msgspec.convert(document, Terms)
    except msgspec.ValidationError as error:
        raise PriceError(f'{path}: {error} (amounts are written "60.00" or 60.00)') from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PriceError(f"{path}: {error}") from error
    if problems := problems_of_terms(terms):
        raise PriceError("\n  ".join([f"{path}:", *problems]))
    return terms


def problems_of_terms(terms: Terms) -> list[str]:
    """All that is wrong with terms; empty if they can be agreed to."""
    problems = [*currency_problems(terms.currency), *_said(month, terms.start)]
    allowances = list(terms.allowances)
    if terms.plan is not None:
        problems += [problem for problem in [amount_problem(terms.plan.fee, "the plan's fee")] if problem]
        problems += [] if terms.plan.name else ["the plan needs a name"]
        allowances += terms.plan.included
    for allowance in allowances:
        problems += _allowance_problems(allowance)
    for tiers in terms.tiers:
        problems += _tier_problems(tiers)
    for discount in terms.discounts:
        problems += _discount_problems(discount)
    sets = [(tiers.model, tiers.kind) for tiers in terms.tiers]
    problems += [
        f"{model} {kind.value} has two sets of tiers: leave one"
        for number, (model, kind) in enumerate(sets)
        if (model, kind) in sets[:number]
    ]
    return problems


def _allowance_problems(allowance: Allowance) -> list[str]:
    if allowance.quantity > 0:
        return []
    return [f"an allowance of {allowance.quantity} {allowance.kind.value} frees nothing: say how many units are free"]


def _tier_problems(tiers: Tiers) -> list[str]:
    """Tiers are half-open ranges that cover every quantity once: no overlap, no gap, an open end."""
    what = f"tiers of {tiers.model or '?'} {tiers.kind.value}"
    problems = _said(per_unit, tiers.per)
    if not tiers.model:
        problems.append(f"{what}: which model? Models have different prices")
    if tiers.kind is RateKind.IMAGE:
        problems.append(f"{what}: images have prices by sizes and qualities; use a discount")
    if not tiers.steps:
        problems.append(f"{what} need steps")
    before: int | None = 0
    for number, step in enumerate(tiers.steps, 1):
        if problem := amount_problem(step.amount, f"{what}, step {number}"):
            problems.append(problem)
        elif not step.amount.strip("0."):
            problems.append(f"{what}, step {number} would cost nothing: free units are allowances")
        if before is None:
            problems.append(f"{what}: step {number - 1} has no end (to), so step {number} overlaps it")
        elif step.start < before:
            problems.append(
                f"{what}: step {number} begins at {step.start:,} and overlaps the one that ends at {before:,}"
            )
        elif step.start > before:
            problems.append(
                f"{what}: between {before:,} and {step.start:,} there is no price: let step {number} begin there"
            )
        if step.to is not None and step.to <= step.start:
            problems.append(f"{what}: step {number} ends at {step.to:,}, before it begins")
        before = step.to
    if tiers.steps and before is not None:
        problems.append(f"{what}: what costs a unit from {before:,} on? Leave out `to` in the last step")
    return problems


def _discount_problems(discount: Discount) -> list[str]:
    if problem := amount_problem(discount.percent, "a discount's percent"):
        return [problem]
    if not 0 < Decimal(discount.percent) <= 100:
        return [f"a discount of {discount.percent} %: say more than 0 and at most 100"]
    return []


def _said(reads: Callable[[str], object], text: str) -> list[str]:
    """What a reader of people's words has against them."""
    try:
        reads(text)
    except PriceError as error:
        return [str(error)]
    return []
