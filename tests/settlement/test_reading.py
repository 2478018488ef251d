"""Agreements that cannot be: each mistake is told in one sentence that names it and says what to do."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pleiade.settlement import SettlementError, load_agreement, parse_agreement, settle
from pleiade.settlement.agreement import Agreement
from pleiade.settlement.document import terms_id
from settlement.agreements import SHIPPED, shipped, years

PLAIN = """
name = "plain"
currency = "EUR"
[[parties]]
id = "ann"
[[parties]]
id = "bob"
[[investments]]
party = "ann"
date = 2020-05-01
amount = 100
[[tranches]]
name = "first"
shares = { ann = 0.75, bob = 0.25 }
until = { party = "ann", multiple = 1 }
[[tranches]]
name = "last"
shares = { ann = 0.5, bob = 0.5 }
"""
CAPPED = PLAIN.replace('id = "bob"', 'id = "bob"\ncap = { amount = 1000, then = "ann" }')


def changed(old: str, new: str, text: str = PLAIN) -> str:
    assert old in text
    return text.replace(old, new, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "the agreement is empty"),
        (" \n\t", "the agreement is empty"),
        ("name = \nx = 1", "not readable as TOML.*line 1"),
        ("x = " + "[" * 5000, "not readable as TOML"),
        ("amount = 1" + "0" * 5000, "not readable as TOML"),
        ("name = 'x'", "missing required field `currency`"),
        (changed('name = "plain"', 'name = "plain"\ncolour = "red"'), "unknown field `colour`"),
        (changed('name = "plain"', 'name = " "'), "`name` is empty"),
        (changed('name = "plain"', f'name = "{"x" * 129}"'), "longer than 128"),
        (changed('"EUR"', '"euro"'), "ISO 4217"),
        (changed('currency = "EUR"', 'currency = "EUR"\nunit = 0.05'), "`unit` is 0.05; write 1, 0.1"),
        (changed('currency = "EUR"', 'currency = "EUR"\nunit = 1e-12'), "`unit` is 1e-12; write 1, 0.1"),
        (changed('id = "bob"', 'id = "Bob O\'Hara"'), "Bob O'Hara.*`name` takes any text"),
        (changed('id = "bob"', 'id = "ann"'), "two of its party entries are called 'ann'"),
        (changed('name = "last"', 'name = "first"'), "two of its tranche entries are called 'first'"),
        (changed('name = "last"', 'name = "la\\nst"'), r"the name 'la\\nst' has control characters"),
        (changed('name = "plain"', 'name = "\\u001b[31mred"'), "has control characters"),
        # Shares
        (changed("bob = 0.25", "bob = 0.26"), "shares of the tranche 'first' sum to 1.01, not to 1"),
        (changed("bob = 0.25", "bob = 0.249999999999"), "sum to 0.999999999999, not to 1"),
        (changed("ann = 0.75, bob = 0.25", "ann = 1.25, bob = -0.25"), "share of bob.*is -0.25.*not negative"),
        (changed("ann = 0.75, bob = 0.25", ""), "sum to 0, not to 1"),
        (changed("bob = 0.25", "bob = nan"), "share of bob.*'nan', which is no number"),
        (changed("bob = 0.25", "bob = inf"), "'inf', which is no number"),
        (changed("bob = 0.25", "bob = 1e999"), "out of all measure"),
        (changed("bob = 0.25", 'bob = "1/0"'), "divided by zero"),
        (changed("bob = 0.25", "bob = true"), "Expected `int | str`, got `bool`"),
        # Parties that are none
        (
            changed("bob = 0.25", "zoe = 0.25"),
            "the tranche 'first' names 'zoe', who is no party; the parties are ann, bob",
        ),
        (changed('party = "ann"', 'party = "zoe"'), "an investment names 'zoe'"),
        (changed('{ party = "ann", multiple', '{ party = "zoe", amount'), "the end of the tranche 'first' names 'zoe'"),
        (changed('then = "ann"', 'then = "zoe"', CAPPED), "the cap of bob names 'zoe'"),
        (changed('then = "ann"', 'then = "bob"', CAPPED), "falls to bob, which has a cap too"),
        # Investments
        (changed("amount = 100", "amount = -100"), "an investment of ann is -100; an investment is more than nothing"),
        (changed("amount = 100", "amount = 0"), "more than nothing"),
        (changed("amount = 100", "amount = 1e25"), "more than 1,000,000,000,000,000,000"),
        (changed("amount = 100", "amount = 0.001"), "finer than the smallest unit 0.01"),
        (changed("amount = 100", "amount = 100\ncurrency = 'USD'"), "in USD, the agreement in EUR"),
        (changed("2020-05-01", "2020-02-30"), "not readable as TOML"),
        (changed("2020-05-01", "'soon'"), "'soon' is no period"),
        (changed("2020-05-01", "2020-05-01T12:00:00"), "time of day"),
        # Ends
        (changed('until = { party = "ann", multiple = 1 }', ""), "the tranche 'first' never ends, but others follow"),
        (PLAIN + "until = { date = 2030-01-01 }", "the last tranche 'last' ends"),
        (
            changed('until = { party = "ann", multiple = 1 }', "until = {}"),
            "the end of the tranche 'first' is not clear",
        ),
        (
            changed("multiple = 1 }", "multiple = 1, amount = 5 }"),
            "either a `multiple` of the investment or an `amount`",
        ),
        (
            changed('party = "ann", multiple = 1', 'party = "bob", multiple = 1'),
            "multiple of what bob invested, but it has no",
        ),
        (changed("multiple = 1 }", "multiple = 0 }"), "must be more than nothing"),
        (changed('until = { party = "ann", multiple = 1 }', 'until = "caps"'), "none has a cap"),
        (changed('until = { party = "ann", multiple = 1 }', 'until = "later"'), "Invalid enum value 'later'"),
        (changed("ann = 0.75, bob = 0.25", "bob = 1"), "'first' never ends: it waits for ann, who has no share in it"),
        (
            changed('{ party = "ann", multiple = 1 }', '{ party = "bob", amount = 2000 }', CAPPED),
            "'first' never ends: bob reaches its cap before what it is to receive",
        ),
        (
            PLAIN.replace(
                '[[tranches]]\nname = "last"',
                '[[tranches]]\nname = "empty"\nshares = { ann = 1 }\nuntil = { party = "ann", amount = 100 }\n'
                '[[tranches]]\nname = "last"',
            ),
            "the tranche 'empty' ends as soon as it begins",
        ),
        (
            PLAIN.replace(
                '[[tranches]]\nname = "last"',
                '[[tranches]]\nname = "a"\nshares = { ann = 1 }\nuntil = { date = 2030-06-30 }\n'
                '[[tranches]]\nname = "b"\nshares = { ann = 1 }\nuntil = { date = 2030-06-30 }\n'
                '[[tranches]]\nname = "last"',
            ),
            "the dates of the tranches 'a' and 'b' overlap",
        ),
        # Assumptions
        (changed("amount = 100", 'amount = "guess"'), "'guess', which is no number"),
        (
            changed('currency = "EUR"', 'currency = "EUR"\nassumptions = { guess = 5 }'),
            "assumption 'guess' is used nowhere",
        ),
        (changed('currency = "EUR"', 'currency = "EUR"\nassumptions = { "1" = 5 }'), "the assumption '1'"),
    ],
)
def test_a_mistake_is_named(text: str, says: str) -> None:
    with pytest.raises(SettlementError, match=says) as caught:
        parse_agreement(text)
    assert "\n" not in str(caught.value)


WORDS = st.sampled_from(
    [*re.findall(r"[\w.-]+|[^\w\s]", CAPPED), "nan", "-1", "1e999", '"caps"', "date", "2020-01-01", "\n"]
)


@settings(max_examples=300, deadline=None)
@given(st.one_of(st.text(), st.lists(st.tuples(st.integers(0, len(CAPPED)), WORDS), min_size=1, max_size=3)))
def test_no_text_whatever_breaks_the_reader(text: str | list[tuple[int, str]]) -> None:
    changed_text = CAPPED if isinstance(text, list) else text
    for place, word in text if isinstance(text, list) else []:
        changed_text = changed_text[:place] + word + changed_text[place:]
    agreement, said = read(changed_text)
    assert "\n" not in said
    if agreement is not None:
        assert sum(settle(agreement, years(10**6, -(10**5), 10**9)).totals) == 10**6 - 10**5 + 10**9


def read(text: str) -> tuple[Agreement | None, str]:
    """The agreement, or what is said against it."""
    try:
        return parse_agreement(text), ""
    except SettlementError as error:
        return None, str(error)


def test_the_file_is_named_in_front_of_the_mistake(tmp_path: Path) -> None:
    path = tmp_path / "wrong.toml"
    path.write_text(changed("bob = 0.25", "bob = 0.26"))
    with pytest.raises(SettlementError, match=r"wrong\.toml: the shares of"):
        load_agreement(path)
    path.write_bytes(b'name = "caf\xe9"')
    with pytest.raises(SettlementError, match=r"wrong\.toml is not UTF-8"):
        load_agreement(path)


def test_the_announced_agreement_is_as_announced() -> None:
    agreement = shipped()
    of_microsoft = [(each.day.year, each.units) for each in agreement.investments if each.party == "microsoft"]
    assert of_microsoft == [(2019, 1_000_000_000_00), (2021, 2_000_000_000_00), (2023, 10_000_000_000_00)]
    assert [[str(share) for share in each.shares] for each in agreement.tranches] == [
        ["3/4", "1/4", "0"],
        ["49/100", "49/100", "1/50"],
        ["0", "0", "1"],
    ]
    assert [party.then for party in agreement.parties] == ["nonprofit", "nonprofit", ""]


def test_an_assumption_can_be_replaced_for_one_run() -> None:
    agreement = load_agreement(SHIPPED, {"other_investors_cap_multiple": "50"})
    assert agreement.parties[1].cap is not None
    assert agreement.parties[1].cap.multiple == 50
    assert agreement.assumptions["other_investors_cap_multiple"] == "50"
    assert terms_id(agreement) != terms_id(shipped())
    with pytest.raises(SettlementError, match="it assumes nothing called 'moon'; it has: other_investors_investment"):
        load_agreement(SHIPPED, {"moon": "1"})


def test_comments_and_spelling_do_not_change_an_agreement() -> None:
    respelled = PLAIN.replace("0.75", '"3/4"').replace("amount = 100", "amount = 1_00.00 # as paid")
    assert terms_id(parse_agreement(respelled)) == terms_id(parse_agreement(PLAIN))
    assert terms_id(parse_agreement(changed("amount = 100", "amount = 101"))) != terms_id(parse_agreement(PLAIN))


def test_names_may_be_any_text_while_ids_are_plain() -> None:
    agreement = parse_agreement(changed('id = "bob"', 'id = "bob"\nname = "Bob \\"💸\\" <O\'Hara>"'))
    assert agreement.parties[1].name == 'Bob "💸" <O\'Hara>'
