"""Fill in the middle: one line of a held-out Python function."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from pleiade.lab.evals.scorer import Scorer
from pleiade.lab.evals.suite import Item, Number, Prepared, Result, Setting, Suite, rows_of, share
from pleiade.lab.evals.suites.code import parses

MAX_TOKENS = 48
MIN_CHARACTERS = 4


def load(setting: Setting) -> list[Item]:
    """A line of each reference function of eval/mbxp, by hash; one-line functions have no middle and are left out."""
    items = []
    for row in rows_of(setting, "eval/mbxp", "python.jsonl*"):
        body = row["canonical_solution"].rstrip().split("\n")
        places = [place for place, line in enumerate(body[:-1]) if len(line.strip()) >= MIN_CHARACTERS]
        head = row["prompt"].lstrip("\n")
        if not places or not parses(head + "\n".join(body)):
            continue
        place = places[hashlib.sha256(row["task_id"].encode()).digest()[0] % len(places)]
        indent = body[place][: len(body[place]) - len(body[place].lstrip())]
        fields = {
            "prefix": head + "".join(line + "\n" for line in body[:place]) + indent,
            "middle": body[place].strip(),
            "suffix": "\n" + "\n".join(body[place + 1 :]) + "\n",
        }
        items.append(Item(row["task_id"], "python", fields))
    return items


def measure(scorer: Scorer, items: Sequence[Item]) -> list[Result]:
    """Whether the line is the author's, and whether the function is still Python."""
    holes = [(item.fields["prefix"], item.fields["suffix"]) for item in items]
    results = []
    for item, written in zip(items, scorer.infill(holes, MAX_TOKENS, ("\n",)), strict=True):
        fields = item.fields
        results.append(
            {
                "id": item.id,
                "group": item.group,
                "written": written,
                "exact": written.strip() == fields["middle"],
                "syntax": bool(written.strip()) and parses(fields["prefix"] + written + fields["suffix"]),
            }
        )
    return results


def summarise(results: Sequence[Result]) -> list[Number]:
    """Exact match and syntax-valid rate."""
    return [
        share("exact line", [row["exact"] for row in results], "python"),
        share("valid syntax", [row["syntax"] for row in results], "python"),
    ]


SUITE = Suite(
    "fim",
    "Fill in the middle",
    "One line (not the last) of each reference function of MBXP 11-600, its indentation given; prefix-suffix-middle, "
    f"greedy, at most {MAX_TOKENS} tokens, cut at the line end; exact match without surrounding spaces, and whether "
    "the function still parses.",
    load,
    lambda setting: Prepared(measure),
    summarise,
    batch=16,
)
