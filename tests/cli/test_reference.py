"""docs/cli.md cannot rot."""

from pathlib import Path

from pleiade.cli.reference import page

ROOT = Path(__file__).parents[2]


def test_the_page_of_commands_is_what_the_commands_say() -> None:
    written = (ROOT / "docs" / "cli.md").read_text()
    assert written == page(), "make it anew: python -m pleiade.cli.reference > docs/cli.md"
