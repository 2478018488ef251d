"""Who sells, how bills are numbered and which taxes are charged: a small TOML file that an operator applies."""

import re
import time
import tomllib
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import msgspec
import sqlalchemy as sa

from pleiade.domain.tenants import DEFAULT_ORGANISATION, Actor
from pleiade.invoices.acts import note
from pleiade.invoices.document import Party, TaxRule
from pleiade.invoices.errors import InvoiceError
from pleiade.prices.rules import amount_problem
from pleiade.store import reading, unit_of_work
from pleiade.store.invoices import billing_rules, customers

_COUNTRY = re.compile(r"[A-Z]{2}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,32}")
_PREFIX = re.compile(r"[A-Za-z0-9/_-]{0,32}")


class Numbering(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How numbers begin; what follows counts 1, 2, … without a gap."""

    invoices: str = "INV-"
    credit_notes: str = "CN-"


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every bill needs to know about the seller."""

    seller: Party
    days: int = 30  # to pay
    numbering: Numbering = Numbering()
    tax: tuple[TaxRule, ...] = ()


def read_rules(path: Path) -> Rules:
    """The rules of a file, judged. Raises InvoiceError with all that is wrong; OSError without a file."""
    try:
        rules = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8"), parse_float=str), Rules)
    except msgspec.ValidationError as error:
        raise InvoiceError(f'{path}: {error} (rates are percent, written "20" or 5.5)') from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InvoiceError(f"{path}: {error}") from error
    if problems := _problems(rules):
        raise InvoiceError("\n  ".join([f"{path}:", *problems]))
    return rules


def apply_rules(db: sa.Engine, rules: Rules, *, actor: Actor) -> int:
    """Make these the rules for what becomes final from now on. Returns their version."""
    try:
        with unit_of_work(db) as connection:
            last = connection.scalar(sa.select(sa.func.max(billing_rules.c.version))) or 0
            row = {"version": last + 1, "document": _text(rules), "created": int(time.time())}
            connection.execute(sa.insert(billing_rules).values(row))
            house = DEFAULT_ORGANISATION
            note(connection, actor, "seller.updated", house, rules.seller.name, version=str(last + 1))
    except sa.exc.IntegrityError as error:
        raise InvoiceError("somebody else changed the rules at the same moment: look at them and try again") from error
    return last + 1


def current_rules(connection: sa.Connection) -> Rules | None:
    """The rules in force; None if an operator has applied none."""
    query = sa.select(billing_rules.c.document).order_by(billing_rules.c.version.desc()).limit(1)
    document = connection.scalar(query)
    return None if document is None else msgspec.json.decode(document, type=Rules)


def get_rules(db: sa.Engine) -> Rules | None:
    """`current_rules`, with a connection of its own."""
    with reading(db) as connection:
        return current_rules(connection)


def set_customer(db: sa.Engine, organisation: str, party: Party, *, actor: Actor) -> None:
    """How an organisation is addressed on bills that are yet to become final. Raises InvoiceError."""
    if problems := _party_problems(party, "the customer"):
        raise InvoiceError("; ".join(problems))
    with unit_of_work(db) as connection:
        connection.execute(sa.delete(customers).where(customers.c.organisation == organisation))
        connection.execute(sa.insert(customers).values(organisation=organisation, document=_text(party)))
        note(connection, actor, "customer.updated", organisation, organisation, name=party.name, country=party.country)


def customer_of(connection: sa.Connection, organisation: str, name: str) -> Party:
    """How an organisation is addressed: by its name alone where nothing more was said."""
    document = connection.scalar(sa.select(customers.c.document).where(customers.c.organisation == organisation))
    return Party(name=name) if document is None else msgspec.json.decode(document, type=Party)


def get_customer(db: sa.Engine, organisation: str, name: str) -> Party:
    """`customer_of`, with a connection of its own."""
    with reading(db) as connection:
        return customer_of(connection, organisation, name)


def tax_of(rules: Sequence[TaxRule], seller: Party, customer: Party) -> TaxRule | None:
    """The tax that a customer is charged by the first rule that fits; None where there are no rules at all.

    Raises InvoiceError where there are rules and none fits: nobody goes untaxed by accident.
    """
    if not rules:
        return None
    for rule in rules:
        if rule.country not in ("*", customer.country):
            continue
        if rule.reverse_charge and not (customer.tax_id and customer.country != seller.country):
            continue
        return rule
    where = f"in {customer.country}" if customer.country else "whose country is not known"
    raise InvoiceError(
        f"no tax rule fits {customer.name}, {where}: say it with `pleiade invoice customer ORG --country FR`, or add a "
        'rule (country = "*" fits all) and apply the file with `pleiade invoice seller FILE`'
    )


def _problems(rules: Rules) -> list[str]:
    problems = _party_problems(rules.seller, "seller")
    if not 0 <= rules.days <= 365:
        problems.append(f"days = {rules.days}: say how many days there are to pay, 0 to 365")
    for prefix in (rules.numbering.invoices, rules.numbering.credit_notes):
        if not _PREFIX.fullmatch(prefix):
            problems.append(f"numbering {prefix!r}: letters, digits and / _ - only, at most 32")
    if rules.numbering.invoices == rules.numbering.credit_notes:
        problems.append("numbering: invoices and credit notes must begin differently")
    for rule in rules.tax:
        problems += _tax_problems(rule)
    return problems


def _tax_problems(rule: TaxRule) -> list[str]:
    problems = []
    if not _NAME.fullmatch(rule.name):
        problems.append(f"tax {rule.name!r}: a name of letters, digits and . _ - is needed, for its account")
    if rule.country != "*" and not _COUNTRY.fullmatch(rule.country):
        problems.append(f'tax {rule.name}: country = "{rule.country}": write a code of two capital letters, or "*"')
    if problem := amount_problem(rule.rate, f"tax {rule.name}, rate in percent"):
        problems.append(problem)
    elif Decimal(rule.rate) > 100:
        problems.append(f"tax {rule.name}: a rate of {rule.rate} %: say at most 100")
    elif rule.reverse_charge and Decimal(rule.rate) != 0:
        problems.append(f"tax {rule.name}: under reverse charge the buyer pays the tax: leave the rate out")
    if rule.reverse_charge and not rule.note:
        problems.append(f"tax {rule.name}: a reverse charge must be told on the bill: write its note")
    return problems


def _party_problems(party: Party, who: str) -> list[str]:
    problems = []
    if not party.name.strip():
        problems.append(f"{who} needs a name")
    if party.country and not _COUNTRY.fullmatch(party.country):
        problems.append(f'{who}: country = "{party.country}": write a code of two capital letters, say FR')
    return problems


def _text(value: msgspec.Struct) -> str:
    return msgspec.json.encode(value).decode()
