"""Multiple choice by likelihood: the choice that the model finds likeliest after the question, one suite a set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from pleiade.lab.evals.scorer import Scorer
from pleiade.lab.evals.suite import Item, Number, Prepared, Result, Setting, Suite, rows_of, share


@dataclass(frozen=True)
class ChoiceSet:
    """A set of rows {query, choices, gold} in eval/NAME, and what stands between query and choice."""

    name: str
    title: str
    between: str = "\nAnswer: "


SETS = (
    ChoiceSet("arc_easy", "ARC easy"),
    ChoiceSet("arc_challenge", "ARC challenge"),
    ChoiceSet("piqa", "PIQA", "Answer: "),  # its queries end with a line end
    ChoiceSet("copa", "COPA", " "),
    ChoiceSet("openbook_qa", "OpenBookQA", " "),
    ChoiceSet("boolq", "BoolQ"),
    ChoiceSet("commonsense_qa", "CommonsenseQA", " "),  # its choices are letters after a list
    ChoiceSet("siqa", "SocialIQA", " "),
    ChoiceSet("hellaswag", "HellaSwag", " "),
)


def load(which: ChoiceSet, setting: Setting) -> list[Item]:
    """The rows of the set."""
    return [Item(str(number), "test", row) for number, row in enumerate(rows_of(setting, f"eval/{which.name}"))]


def measure(which: ChoiceSet, scorer: Scorer, items: Sequence[Item]) -> list[Result]:
    """Whether the likeliest choice is right, as it is and by length."""
    pairs = [
        # The space belongs to the choice: it is a part of its first token.
        (item.fields["query"] + which.between[:-1], " " + choice)
        for item in items
        for choice in item.fields["choices"]
    ]
    found = iter(scorer.likelihoods(pairs))
    results = []
    for item in items:
        choices = item.fields["choices"]
        logprobs = [next(found).logprob for _ in choices]
        per_byte = [value / len(choice.encode()) for value, choice in zip(logprobs, choices, strict=True)]
        gold = item.fields["gold"]
        results.append(
            {
                "id": item.id,
                "group": item.group,
                "right": logprobs.index(max(logprobs)) == gold,
                "right_by_length": per_byte.index(max(per_byte)) == gold,
                "chance": 1 / len(choices),
            }
        )
    return results


def summarise(results: Sequence[Result]) -> list[Number]:
    """Both accuracies."""
    chance = sum(row["chance"] for row in results) / len(results)
    return [
        share("accuracy", [row["right"] for row in results], "en", chance),
        share("accuracy by length", [row["right_by_length"] for row in results], "en", chance),
    ]


def _suite(which: ChoiceSet) -> Suite:
    return Suite(
        which.name,
        which.title,
        f"0-shot; each choice is scored after the question and {which.between!r}; the right one must have the greatest "
        "log-likelihood, or (by length) the greatest per UTF-8 byte of the choice.",
        partial(load, which),
        lambda setting: Prepared(partial(measure, which)),
        summarise,
        batch=16,
    )


SUITES = tuple(_suite(which) for which in SETS)
