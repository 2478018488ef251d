"""docs/settlement.md cannot rot: its sums are computed, its table and its examples compared with the program."""

import re
import shlex
from fractions import Fraction
from pathlib import Path

import pytest
from typer.testing import CliRunner

from pleiade.cli import app
from pleiade.settlement import parse_agreement, settle
from pleiade.settlement.document import settlement_document
from pleiade.settlement.profits import read_profits
from settlement.agreements import ROOT, shipped, years

PAGE = (ROOT / "docs" / "settlement.md").read_text()
BY_HAND = PAGE.partition("## The announced agreement, by hand")[2].partition("\n## ")[0]
EQUATIONS = re.findall(r"`([0-9][^`]*[=≈][^`]*)`", BY_HAND)
EXAMPLES = re.findall(r"^```console\n\$ pleiade (settle .*?)\n(.*?)^```$", PAGE, re.M | re.S)
COMPUTABLE = re.compile(r"[0-9.]+(?: [-+*/] [0-9.]+)*")


def computed(words: str) -> Fraction:
    """A sum as it is written, exactly: products before sums, from left to right."""
    plain = words.replace(",", "").replace("−", "-").replace("×", "*").strip()
    assert COMPUTABLE.fullmatch(plain), words
    return Fraction(eval(re.sub(r"[0-9.]+", lambda number: f"Fraction('{number[0]}')", plain), {"Fraction": Fraction}))


@pytest.mark.parametrize("equation", EQUATIONS)
def test_every_sum_of_the_page_is_right(equation: str) -> None:
    left, sign, right = re.split(r"([=≈])", equation)
    if sign == "=":
        assert computed(left) == computed(right)
    else:
        assert abs(computed(left) - computed(right)) <= Fraction(1, 200)  # half a cent


def test_the_sums_of_the_page_were_found() -> None:
    assert len(EQUATIONS) == BY_HAND.count("=") + BY_HAND.count("≈") > 30


def test_the_numbers_by_hand_are_the_programs() -> None:
    heading, *rows = [
        [cell.strip().replace(",", "").replace("−", "-") for cell in line.strip("|").split("|")]
        for line in BY_HAND.splitlines()
        if line.startswith("| ")
    ]
    profits = (ROOT / "examples" / "agreements" / "profits.csv").read_bytes()
    document = settlement_document(settle(shipped(), read_profits(profits, shipped(), "profits.csv")))
    parties = heading[2:]
    expected = [
        [period["period"], period["profit"], *(period["shares"][party] for party in parties)]
        for period in document["periods"]
    ]
    assert rows == [*expected, ["total", document["profit"], *(document["totals"][party] for party in parties)]]


def test_each_amount_that_the_program_gives_to_a_part_was_computed_by_hand() -> None:
    profits = (ROOT / "examples" / "agreements" / "profits.csv").read_bytes()
    settlement = settle(shipped(), read_profits(profits, shipped(), "profits.csv"))
    by_hand = {computed(re.split("[=≈]", equation)[1]) for equation in EQUATIONS}
    for period in settlement.periods:
        if len(period.parts) == 1:
            continue
        for part in period.parts:
            for units in part.shares:
                assert units == 0 or Fraction(abs(units), 100) in by_hand


@pytest.mark.parametrize(("command", "printed"), EXAMPLES)
def test_an_example_prints_what_the_page_shows(command: str, printed: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("COLUMNS", "110")
    result = CliRunner().invoke(app, shlex.split(command))
    assert result.exit_code == 0, result.output
    assert printed == result.stdout


def test_the_drawing_of_the_page_is_the_programs(tmp_path: Path) -> None:
    drawing = tmp_path / "drawing.svg"
    words = ["--first", "2023", "--profit", "1e9", "--growth", "40%", "--svg", str(drawing), "--csv"]
    agreement = str(ROOT / "examples" / "agreements" / "microsoft-openai.toml")
    assert CliRunner().invoke(app, ["settle", agreement, *words]).exit_code == 0
    assert drawing.read_text() == (ROOT / "docs" / "images" / "settlement.svg").read_text()


def test_the_agreement_that_explains_the_fields_is_one() -> None:
    [text] = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.M | re.S)
    agreement = parse_agreement(text)
    assert agreement.assumptions == {"bobs_cap": "500000"}
    assert settle(agreement, years(0, 0, 0, 0, 0, 200_000_00)).totals == (156_250_00, 43_750_00)


def test_every_field_of_the_document_is_told() -> None:
    document = settlement_document(settle(shipped(), years(5)))
    told = set(re.findall("[a-z_]+", " ".join(re.findall("`([^`]+)`", PAGE.partition("## For programs")[2]))))
    named = {
        *document,
        *document["periods"][0],
        *document["periods"][0]["parts"][0],
        *document["periods"][0]["next"],
        *document["tranches"][0],
    }
    assert named <= told
