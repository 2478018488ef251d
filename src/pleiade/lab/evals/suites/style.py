"""Control of register: the same content as a letter, a headline and a familiar message, told apart by a small judge."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

from pleiade.lab.evals.ngram_classifier import NgramClassifier
from pleiade.lab.evals.scorer import Scorer
from pleiade.lab.evals.suite import Item, Number, Prepared, Result, Setting, Suite, by, share
from pleiade.lab.evals.suites.registers import ASK, CONTENTS, REGISTERS, TEST_ROWS, training_rows

MAX_TOKENS = 80
KEPT = 0.5  # of the content's long words


def load(setting: Setting) -> list[Item]:
    """Every content in every register and language; these rows come with the code."""
    return [
        Item(
            f"{language}-{register}-{number}",
            f"{language}-{register}",
            {"content": content, "register": register, "language": language},
        )
        for (language, register) in ASK
        for number, content in enumerate(CONTENTS[language])
    ]


def prepare(setting: Setting) -> Prepared:
    """Train the judge, and say how well it does on rows written singly."""
    rows = list(training_rows())
    judge = NgramClassifier(REGISTERS)
    judge.train([text for _, text in rows], [register for register, _ in rows], epochs=3)
    found = _judged(judge, [text for _, text in TEST_ROWS])
    right = sum(guess == register for guess, (register, _) in zip(found, TEST_ROWS, strict=True))
    note = (
        f"the judge was trained on {len(rows)} rows made from parts, and gets {right} of {len(TEST_ROWS)} rows right "
        "that were written singly"
    )
    return Prepared(partial(measure, judge), note)


def measure(judge: NgramClassifier, scorer: Scorer, items: Sequence[Item]) -> list[Result]:
    """The register that the judge hears, and whether the content is still there."""
    asked = [
        [
            {
                "role": "user",
                "content": ASK[item.fields["language"], item.fields["register"]].format(item.fields["content"]),
            }
        ]
        for item in items
    ]
    answers = scorer.chat(asked, MAX_TOKENS)
    return [
        {
            "id": item.id,
            "group": item.group,
            "language": item.fields["language"],
            "answer": answer,
            "as_asked": bool(answer.strip()) and heard == item.fields["register"],
            "content_kept": _kept(item.fields["content"], answer),
        }
        for item, answer, heard in zip(items, answers, _judged(judge, answers), strict=True)
    ]


def _judged(judge: NgramClassifier, texts: Sequence[str]) -> list[str]:
    return [max(found, key=lambda name: found[name]) for found in judge.probabilities(texts)]


def _kept(content: str, answer: str) -> bool:
    wanted = {word for word in re.findall(r"\w+", content.lower()) if len(word) > 4}
    return len(wanted & set(re.findall(r"\w+", answer.lower()))) >= KEPT * len(wanted)


def summarise(results: Sequence[Result]) -> list[Number]:
    """By language: register as asked, content kept, both."""
    numbers = []
    for language, rows in by(results, "language").items():
        numbers.append(share("register as asked", [row["as_asked"] for row in rows], language, chance=1 / 3))
        numbers.append(share("content kept", [row["content_kept"] for row in rows], language))
        both = [row["as_asked"] and row["content_kept"] for row in rows]
        numbers.append(share("both", both, language))
    return numbers


SUITE = Suite(
    "style",
    "Style and register",
    "Ten contents in each language, asked for as letter, headline and message to a friend; 0-shot chat, greedy, at "
    f"most {MAX_TOKENS} tokens; register by a logistic regression on character n-grams trained here, content kept if "
    "half of its words of five letters and more are there. A proxy for form, not for quality.",
    load,
    prepare,
    summarise,
    batch=10,
)
