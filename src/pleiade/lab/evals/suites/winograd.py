"""Winograd schemas in English and French: what a pronoun stands for, judged by what follows it."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pleiade.lab.evals.scorer import Scorer
from pleiade.lab.evals.suite import Item, Number, Prepared, Result, Setting, Suite, by, rows_of, share

# Words as the set counts them: clitics of English stand alone.
CLITIC = r"n't|'(?:s|m|d|re|ve|ll)\b"
WORDS = re.compile(rf"{CLITIC}|\w(?:[\w'’-]*?\w)??(?={CLITIC})|[\w'’-]+|[^\w\s]")
ARTICLES = ("the ", "a ", "an ", "le ", "la ", "les ", "l'", "un ", "une ")


def load(setting: Setting) -> list[Item]:
    """The sentences of eval/xwinograd_fr_en; the pronoun is the occurrence nearest to the place that the set gives."""
    items = []
    for number, row in enumerate(rows_of(setting, "eval/xwinograd_fr_en")):
        sentence, (pronoun, (place, _), _) = row["sentence"], row["pronoun"]
        words = list(WORDS.finditer(sentence))
        found = [(abs(i - place), word) for i, word in enumerate(words) if word.group() == pronoun]
        if not found:
            continue  # a pronoun within a word, such as French l'
        span = min(found, key=lambda entry: entry[0])[1].span()
        options = [(candidate[0], bool(candidate[3])) for candidate in row["candidates"]]
        fields = {"before": sentence[: span[0]], "after": sentence[span[1] :], "options": options}
        items.append(Item(str(number), row["lang"], fields))
    return items


def measure(scorer: Scorer, items: Sequence[Item]) -> list[Result]:
    """Whether the rest of the sentence is likelier after the right name."""
    pairs = [
        (item.fields["before"] + _in_sentence(name, item.fields["before"]), item.fields["after"])
        for item in items
        for name, _ in item.fields["options"]
    ]
    found = iter(scorer.likelihoods(pairs))
    results = []
    for item in items:
        scored = [(next(found).logprob, right) for _, right in item.fields["options"]]
        results.append({"id": item.id, "group": item.group, "right": max(scored, key=lambda entry: entry[0])[1]})
    return results


def _in_sentence(name: str, before: str) -> str:
    lowered = name[:1].lower() + name[1:]
    return lowered if before.strip() and lowered.startswith(ARTICLES) else name


def summarise(results: Sequence[Result]) -> list[Number]:
    """By language."""
    return [
        share("accuracy", [row["right"] for row in rows], language, chance=0.5)
        for language, rows in by(results, "group").items()
    ]


SUITE = Suite(
    "xwinograd",
    "Winograd schemas",
    "The pronoun is replaced by each candidate; right if the rest of the sentence is likelier after the right one "
    "(partial scoring, Trinh and Le, 2018), without normalisation; 0-shot.",
    load,
    lambda setting: Prepared(measure),
    summarise,
)
