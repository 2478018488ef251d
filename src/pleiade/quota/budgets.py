"""Budgets in money: what a key, project or organisation may spend in a calendar month."""

import base64
import secrets
from urllib.parse import urlsplit

import msgspec
import sqlalchemy as sa

from pleiade.domain.currency import CURRENCIES
from pleiade.domain.limits import Budget, Scope
from pleiade.quota.errors import LimitsError
from pleiade.quota.subjects import require_subject
from pleiade.store import bump_version, limits, reading, unit_of_work

MOST_NANO = 10**18  # a thousand million a month: still a 64-bit integer when a call's cost is added
MOST_LEVEL = 1000  # percent


def new_secret() -> str:
    """A secret that signs alerts, as Standard Webhooks writes it."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


def set_budget(db: sa.Engine, budget: Budget) -> Budget:
    """Set or replace a budget; one with a webhook gets a secret (the old one, where it had one).

    Gateways follow within a second. Raises LimitsError for an unknown subject, an absurd amount, an unknown currency,
    levels that are none, or a webhook that is no http(s) URL.
    """
    with unit_of_work(db) as connection:
        return write_budget(connection, budget)


def write_budget(connection: sa.Connection, budget: Budget) -> Budget:
    """`set_budget` within a transaction of the caller's."""
    _require_sane(budget)
    budget = msgspec.structs.replace(budget, alerts=tuple(sorted(set(budget.alerts))))
    bump_version(connection, "limits")  # first: its row is the lock that lets one change follow another
    require_subject(connection, budget.scope, budget.subject)
    if budget.webhook and not budget.secret:
        old = connection.scalar(sa.select(limits.budgets.c.secret).where(_is(budget.scope, budget.subject)))
        budget = msgspec.structs.replace(budget, secret=old or new_secret())
    connection.execute(sa.delete(limits.budgets).where(_is(budget.scope, budget.subject)))
    connection.execute(sa.insert(limits.budgets).values(**msgspec.structs.asdict(budget)))
    return budget


def remove_budget(db: sa.Engine, scope: Scope, subject: str) -> None:
    """Let a subject spend what it wants. Raises LimitsError if it has no budget."""
    with unit_of_work(db) as connection:
        delete_budget(connection, scope, subject)


def delete_budget(connection: sa.Connection, scope: Scope, subject: str) -> None:
    """`remove_budget` within a transaction of the caller's."""
    bump_version(connection, "limits")
    if not connection.execute(sa.delete(limits.budgets).where(_is(scope, subject))).rowcount:
        raise LimitsError(f"the {scope} {subject!r} has no budget: `pleiade quota show` lists them")


def list_budgets(db: sa.Engine) -> list[Budget]:
    """All budgets, by scope and subject."""
    query = sa.select(limits.budgets).order_by(limits.budgets.c.scope, limits.budgets.c.subject)
    with reading(db) as connection:
        return [
            Budget(
                scope=Scope(row.scope),
                subject=row.subject,
                nano=row.nano,
                currency=row.currency,
                hard=row.hard,
                alerts=tuple(row.alerts),
                webhook=row.webhook,
                secret=row.secret,
            )
            for row in connection.execute(query)
        ]


def _is(scope: Scope, subject: str) -> sa.ColumnElement[bool]:
    return sa.and_(limits.budgets.c.scope == scope, limits.budgets.c.subject == subject)


def _require_sane(budget: Budget) -> None:
    problems = []
    if not 0 < budget.nano <= MOST_NANO:
        problems.append(
            f"a budget of {budget.nano / 1e9:,.2f} {budget.currency} a month: choose above 0, "
            f"at most {MOST_NANO // 10**9:,}"
        )
    if budget.currency not in CURRENCIES:
        problems.append(f"currency {budget.currency!r}: use a code of ISO 4217, such as USD or EUR")
    wrong = [level for level in budget.alerts if not 1 <= level <= MOST_LEVEL]
    if wrong:
        problems.append(f"alert at {', '.join(map(str, wrong))} %: choose between 1 and {MOST_LEVEL}")
    if budget.webhook:
        problems += _webhook_problems(budget)
    if problems:
        raise LimitsError("\n".join(problems))


def _webhook_problems(budget: Budget) -> list[str]:
    try:
        parts = urlsplit(budget.webhook)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        return [f"webhook {budget.webhook!r} is no http(s) URL"]
    return [] if budget.alerts else ["a webhook without alerts would never be called: add --alert PERCENT"]
