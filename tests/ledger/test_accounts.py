"""The chart of accounts: one list, in the program and on the page."""

import re
from pathlib import Path

import pytest

from pleiade.ledger import LedgerError, accounts

PAGE = Path(__file__).parents[2] / "docs" / "ledger.md"
ACCOUNT = re.compile(r"^\| `([a-z-]+)(?::[A-Z]+)?` \|", re.M)


def test_the_page_and_the_module_tell_the_accounts_that_there_are() -> None:
    assert set(ACCOUNT.findall(accounts.__doc__ or "")) == set(accounts.CLASSES)
    assert set(ACCOUNT.findall(PAGE.read_text().split("## Accounts")[1])) == set(accounts.CLASSES)


def test_every_payer_is_an_account() -> None:
    for billing in ("invoiced", "prepaid", "internal"):
        accounts.check_billing(billing)
        assert accounts.problem_of(accounts.payer(billing, "org-1")) == ""
    assert accounts.problem_of(accounts.revenue("azure")) == ""
    with pytest.raises(LedgerError, match="is one of invoiced, prepaid, internal"):
        accounts.check_billing("later")
