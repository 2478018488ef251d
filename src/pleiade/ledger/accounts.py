"""The chart of accounts: every name that a debit or a credit may have.

An account is `CLASS` or `CLASS:WHOSE`. Its balance is what was debited less what was credited, per currency.

| account | class | balance | what it holds |
|---|---|---|---|
| `receivable:ORG` | asset | debit | what an invoiced organisation owes: its calls, less its payments |
| `cash` | asset | debit | money received, less money paid |
| `credits:ORG` | liability | credit | what a prepaid organisation has paid (or was given) and not yet used |
| `tax:RULE` | liability | credit | taxes collected under a rule, to be paid on |
| `payable:WHOM` | liability | credit | what is owed to a supplier or a partner |
| `machines` | liability | credit | hours of machines used and not yet covered by what was paid for them |
| `equity:WHOM` | equity | credit | what an investor put in |
| `distribution:PARTY` | equity | debit | shares of the profit settled to a partner |
| `revenue:STOREFRONT` | revenue | credit | what was sold: calls, plans, provisioned hours, training |
| `discounts:STOREFRONT` | revenue | debit | what was taken off: discounts, free allowances, credits given |
| `own-use:ORG` | cost | debit | calls of the installation's own organisations, at their price |
| `cost:KIND` | cost | debit | what serving costs: `cost:engine-hours`, `cost:training-hours`, `cost:upstream` |
| `expense:KIND` | cost | debit | everything else that is paid: `expense:hosting`, `expense:salaries` |

Profit is the revenue class less the cost class (`pleiade.ledger.profit`).
"""

import re

from pleiade.ledger.errors import LedgerError

ASSET = ("receivable", "cash")
LIABILITY = ("credits", "tax", "payable", "machines")
EQUITY = ("equity", "distribution")
REVENUE = ("revenue", "discounts")
COST = ("own-use", "cost", "expense")

ALONE = ("cash", "machines")  # classes of one account, with no name after a colon
CLASSES = (*ASSET, *LIABILITY, *EQUITY, *REVENUE, *COST)
CASH = "cash"
MACHINES = "machines"

_PAYERS = {"invoiced": "receivable", "prepaid": "credits", "internal": "own-use"}
_NAME = re.compile(r"[^\s\x00-\x1f\x7f]{1,200}")


def check_billing(billing: str) -> None:
    """Raises LedgerError for a kind of billing that there is not."""
    if billing not in _PAYERS:
        raise LedgerError(f"billing {billing!r}: an organisation is one of {', '.join(_PAYERS)}")


def payer(billing: str, organisation: str) -> str:
    """The account that a call of an organisation debits; `billing` is one that `check_billing` passes."""
    return f"{_PAYERS[billing]}:{organisation}"


def revenue(storefront: str) -> str:
    """The account that a call in a storefront credits."""
    return f"revenue:{storefront}"


def problem_of(account: str) -> str:
    """What is wrong with an account's name, in words; "" if it is one of the chart."""
    kind, colon, name = account.partition(":")
    if kind not in CLASSES:
        return f"{account!r} is no account: it must begin with one of {', '.join(CLASSES)}"
    if kind in ALONE:
        return f"{account!r}: write {kind} alone" if colon else ""
    if not _NAME.fullmatch(name):
        return f"{account!r}: write {kind}:NAME, a name of 1 to 200 letters without spaces"
    return ""
