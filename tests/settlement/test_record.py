"""Settlements in the books: once each, however often and by however many they are recorded."""

import threading

import pytest
import sqlalchemy as sa

from pleiade.settlement import Settlement, SettlementError, load_agreement, settle
from pleiade.settlement.document import settlement_document, settlement_id
from pleiade.settlement.record import Receipt, list_recorded, record
from settlement.agreements import SHIPPED, shipped, years


def settled(*units: int) -> Settlement:
    return settle(shipped(), years(*units))


def test_a_replayed_settlement_changes_nothing_and_is_answered_with_the_recorded_one(db: sa.Engine) -> None:
    first = record(db, settled(100, -50))
    again = record(db, settled(100, -50))
    assert (first.replayed, first.new) == (False, 2)
    assert (again.replayed, again.new) == (True, 0)
    assert again.recorded == first.recorded
    assert list_recorded(db) == [first.recorded]
    assert first.recorded.id == settlement_id(settled(100, -50))
    assert first.recorded.result == settlement_document(settled(100, -50))


def test_a_settlement_goes_on_from_the_recorded_one(db: sa.Engine) -> None:
    record(db, settled(100))
    receipt = record(db, settled(100, 200, 300))
    assert (receipt.recorded.number, receipt.new) == (2, 2)
    assert [each.number for each in list_recorded(db)] == [1, 2]


def test_periods_that_are_settled_already_are_not_settled_again(db: sa.Engine) -> None:
    longer = record(db, settled(100, 200, 300))
    receipt = record(db, settled(100, 200))
    assert receipt == Receipt(recorded=longer.recorded, replayed=True, new=0)
    assert len(list_recorded(db)) == 1


def test_another_profit_for_a_settled_period_is_refused(db: sa.Engine) -> None:
    record(db, settled(100, 200))
    with pytest.raises(
        SettlementError, match=r"2021-01-01\.\.2021-12-31 is already settled .* profit of 2\.00, not 2\.01"
    ):
        record(db, settled(100, 201, 300))
    assert len(list_recorded(db)) == 1


def test_a_settlement_that_leaves_out_settled_periods_is_refused(db: sa.Engine) -> None:
    record(db, settled(100, 200))
    later = settle(shipped(), years(100, 200, 300)[1:])
    with pytest.raises(
        SettlementError, match=r"the period 2020-01-01\.\.2020-12-31 is settled at this place, not 2021"
    ):
        record(db, later)


def test_a_changed_agreement_under_the_same_name_is_refused(db: sa.Engine) -> None:
    record(db, settled(100))
    changed = load_agreement(SHIPPED, {"microsoft_cap_multiple": "8"})
    with pytest.raises(SettlementError, match="has changed since it was last settled"):
        record(db, settle(changed, years(100, 200)))


def test_of_many_who_record_the_same_at_once_one_does(db: sa.Engine) -> None:
    receipts: list[Receipt] = []
    threads = [threading.Thread(target=lambda: receipts.append(record(db, settled(100, 200)))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(each.replayed for each in receipts) == [False, *[True] * 5]
    assert len(list_recorded(db)) == 1
