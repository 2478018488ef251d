"""BLiMP: of two sentences, the grammatical one should be likelier (Warstadt et al., 2020)."""

from __future__ import annotations

from collections.abc import Sequence

from pleiade.lab.evals.scorer import Scorer
from pleiade.lab.evals.suite import Item, Number, Prepared, Result, Setting, Suite, by, rows_of, share


def load(setting: Setting) -> list[Item]:
    """The pairs of eval/blimp."""
    return [
        Item(
            f"{row['uid']}-{row['pair']}",
            row["uid"],
            {"good": row["good"], "bad": row["bad"], "phenomenon": row["phenomenon"]},
        )
        for row in rows_of(setting, "eval/blimp")
    ]


def measure(scorer: Scorer, items: Sequence[Item]) -> list[Result]:
    """Whether the grammatical sentence is likelier."""
    texts = [("", item.fields[which]) for item in items for which in ("good", "bad")]
    found = scorer.likelihoods(texts)
    return [
        {
            "id": item.id,
            "group": item.group,
            "phenomenon": item.fields["phenomenon"],
            "right": good.logprob > bad.logprob,
        }
        for item, good, bad in zip(items, found[::2], found[1::2], strict=True)
    ]


def summarise(results: Sequence[Result]) -> list[Number]:
    """Over all pairs, and by phenomenon."""
    numbers = [share("all pairs", [row["right"] for row in results], "en", chance=0.5)]
    for phenomenon, rows in by(results, "phenomenon").items():
        numbers.append(share(phenomenon.replace("_", " "), [row["right"] for row in rows], "en", chance=0.5))
    return numbers


SUITE = Suite(
    "blimp",
    "BLiMP",
    "Right if the grammatical sentence of a pair has the greater log-likelihood as a whole, without normalisation; "
    "0-shot.",
    load,
    lambda setting: Prepared(measure),
    summarise,
    batch=128,
)
