"""`python -m pleiade.safety.page`: writes the mapping of docs/safety.md from the taxonomy."""

import sys
from pathlib import Path

from pleiade.safety.taxonomy import TAXONOMY, UNJUDGED

BEGIN = "<!-- written by `python -m pleiade.safety.page`; a test compares it with the taxonomy -->"
END = "<!-- end -->"


def mapping() -> str:
    """The table of harms in every taxonomy, and what of others is not judged."""
    lines = ["| harm | of a text that | ceiling | OpenAI | OpenAI, January 2023 | Azure | Llama Guard 3 | MLCommons |"]
    lines += ["|---|---|---:|---|---|---|---|---|"]
    for entry in TAXONOMY.values():
        cells = [entry.openai, entry.openai_2023, entry.azure, ", ".join(entry.llama_guard), ", ".join(entry.mlcommons)]
        shown = " | ".join(f"`{cell}`" if cell else "–" for cell in cells)
        lines.append(f"| `{entry.harm}` | {entry.meaning} | {entry.ceiling} | {shown} |")
    lines.append("")
    for name, hazards in (("Llama Guard 3", UNJUDGED["llama_guard"]), ("MLCommons", UNJUDGED["mlcommons"])):
        lines.append(f"Not judged, of {name}: " + ", ".join(f"{code} ({what})" for code, what in hazards.items()) + ".")
        lines.append("")
    return "\n".join(lines)


def write(page: Path) -> None:
    """Put the mapping between its marks."""
    text = page.read_text("utf-8")
    before, rest = text.split(BEGIN, 1)
    _, after = rest.split(END, 1)
    page.write_text(f"{before}{BEGIN}\n\n{mapping()}{END}{after}", "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else Path("docs/safety.md"))
