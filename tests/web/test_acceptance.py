"""The page that says what has to hold names proofs that exist."""

import re
from pathlib import Path

HERE = Path(__file__).resolve().parent
PAGE = HERE.parents[1] / "docs" / "web.md"


def test_every_proof_that_the_page_names_is_a_test() -> None:
    acceptance = PAGE.read_text().partition("## Acceptance")[2]
    proofs = re.findall(r"`([\w/]+\.py)::(\w+)`", acceptance)
    assert len(proofs) >= 12
    for file, test in proofs:
        assert re.search(rf"^def {test}\(", (HERE / file).read_text(), re.MULTILINE), f"{file}::{test}"


def test_no_line_is_without_its_proof() -> None:
    rows = re.findall(r"^\| (.+) \| (.+) \|$", PAGE.read_text().partition("## Acceptance")[2], re.MULTILINE)[1:]
    assert [row[0] for row in rows if "`" not in row[1]] == []
