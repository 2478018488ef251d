"""What prepaid organisations may still use: what they have, less what is booked, held and settled since."""

from pathlib import Path

import sqlalchemy as sa
from books import HandClock, keep, make_calls

from pleiade.domain.tenants import OPERATOR, Billing
from pleiade.gateway.credits import read_credits
from pleiade.invoices import grant
from pleiade.ledger.journal import Journal
from pleiade.quota import Credit
from pleiade.tenancy.organisations import create_organisation

MONTH = "2026-11"


def test_what_is_booked_comes_off_what_is_left_and_the_sum_stays(db: sa.Engine, tmp_path: Path) -> None:
    paying = create_organisation(db, name='Ann\'s "shop" 🦊', billing=Billing.PREPAID, actor=OPERATOR).id
    poor = create_organisation(db, name="poor", billing=Billing.PREPAID, actor=OPERATOR).id
    invoiced = create_organisation(db, name="invoiced", actor=OPERATOR).id
    for organisation in (paying, invoiced):
        grant(db, organisation, "openai", "USD", 5 * 10**9, actor=OPERATOR, paid=True)
    assert read_credits(db, MONTH) == {(paying, "USD"): Credit(5 * 10**9, 0)}
    journal = Journal.open(tmp_path, clock=HandClock())
    for organisation in (paying, poor):
        make_calls(journal, 3, organisation, organisation=organisation, billing="prepaid")
    make_calls(journal, 3, invoiced, organisation=invoiced, billing="invoiced")
    keep(tmp_path, db)
    journal.close()
    cost = 3000
    assert read_credits(db, MONTH) == {(paying, "USD"): Credit(5 * 10**9, cost), (poor, "USD"): Credit(0, cost)}
    assert read_credits(db, "2026-12")[paying, "USD"] == Credit(5 * 10**9 - cost, 0)
