"""Held-out text: bits per byte by language and domain."""

from __future__ import annotations

import math
from collections.abc import Sequence

from pleiade.lab.evals.scorer import Scorer
from pleiade.lab.evals.suite import Item, Number, Prepared, Result, Setting, Suite, by, rows_of
from pleiade.lab.evals.windows import WINDOW_PROTOCOL, nats_of

DOMAINS = {
    "books_en": "en",
    "books_fr": "fr",
    "debats_fr": "fr",
    "fr_docs_dotnet": "fr",
    "fr_docs_php": "fr",
    "fr_docs_python": "fr",
    "laws_en": "en",
    "laws_fr": "fr",
    "wiki_en": "en",
}
CODE = "python"
MAX_CHARACTERS = 20_000  # of one document


def load(setting: Setting) -> list[Item]:
    """Documents of eval/heldout_text, and the reference functions of eval/mbxp as Python."""
    items = []
    for domain, language in DOMAINS.items():
        rows = rows_of(setting, "eval/heldout_text", f"{domain}.jsonl*")
        for number, row in enumerate(rows):
            fields = {"text": row["text"][:MAX_CHARACTERS], "language": language}
            items.append(Item(f"{domain}-{number}", domain, fields))
    for row in rows_of(setting, "eval/mbxp", "python.jsonl*"):
        fields = {"text": row["prompt"].strip("\n") + "\n" + row["canonical_solution"], "language": CODE}
        items.append(Item(row["task_id"], CODE, fields))
    return items


def measure(scorer: Scorer, items: Sequence[Item]) -> list[Result]:
    """Nats and bytes of each document."""
    nats = nats_of(scorer, [item.fields["text"] for item in items])
    return [
        {
            "id": item.id,
            "group": item.group,
            "language": item.fields["language"],
            "nats": cost,
            "bytes": len(item.fields["text"].encode()),
        }
        for item, cost in zip(items, nats, strict=True)
    ]


def summarise(results: Sequence[Result]) -> list[Number]:
    """One number a language, one a domain."""
    numbers = [_bits("all domains", language, rows) for language, rows in by(results, "language").items()]
    return numbers + [_bits(domain, rows[0]["language"], rows) for domain, rows in by(results, "group").items()]


def _bits(name: str, language: str, rows: Sequence[Result]) -> Number:
    bits = sum(row["nats"] for row in rows) / math.log(2) / sum(row["bytes"] for row in rows)
    return Number(name, bits, "bits per byte", len(rows), language, lower_is_better=True)


SUITE = Suite(
    "heldout",
    "Held-out text",
    f"Bits per UTF-8 byte over whole documents (their first {MAX_CHARACTERS:,} characters), {WINDOW_PROTOCOL}; "
    "python is the reference functions of MBXP 11-600.",
    load,
    lambda setting: Prepared(measure),
    summarise,
    batch=1,
)
