"""Grounded questions, half of them without an answer in the sources: who answers, who abstains."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from pleiade.lab.evals.scorer import Scorer
from pleiade.lab.evals.suite import Item, Number, Prepared, Result, Setting, Suite, by, rows_of, share

MAX_TOKENS = 64
ASK = {
    "fr": (
        "Réponds à la question à partir des sources, en citant la source entre crochets. Si elles ne permettent "
        "pas d'y répondre, dis-le.",
        "Sources :",
        "Question :",
    ),
    "en": (
        "Answer the question from the sources, citing the source in brackets. If they do not answer it, say so.",
        "Sources:",
        "Question:",
    ),
}
ABSTAINS = re.compile(
    r"ne (permettent|permet) pas|ne (disent|dit|mentionnent|mentionne|précisent|précise|contiennent|contient) pas|"
    r"(je ne sais pas|impossible de répondre|pas de réponse|aucune (des )?source)|"
    r"(do|does) not (answer|say|mention|contain|provide|tell)|don't (know|answer)|cannot (be )?answer|can't answer|"
    r"no answer|not (given|mentioned|stated|answered) in|none of the sources|unanswerable",
    re.IGNORECASE,
)


def load(setting: Setting) -> list[Item]:
    """French from eval/grounded_citations_fr, English from eval/boolq; of every second question, in the order of the
    file, the source that answers is replaced by one of another question.
    """
    items = []
    rows = rows_of(setting, "eval/grounded_citations_fr")
    for number, row in enumerate(rows):
        answerable, sources = number % 2 == 0, list(row["sources"])
        if not answerable:
            stranger = rows[(number + 7) % len(rows)]
            sources[row["gold_source"] - 1] = stranger["sources"][stranger["gold_source"] - 1]
        fields = {
            "question": row["question"],
            "sources": sources,
            "answer": row["answer"],
            "gold": row["gold_source"] if answerable else None,
        }
        items.append(Item(f"fr-{number}", f"fr-{answerable}", fields))
    return items + _english(rows_of(setting, "eval/boolq")[:400])


def _english(rows: Sequence[dict[str, object]]) -> list[Item]:
    told = [str(row["query"]).removeprefix("Passage: ").split("\nQuestion: ") for row in rows]
    pairs = [(parts[0], parts[1]) for parts in told if len(parts) == 2]
    items = []
    for number, (passage, question) in enumerate(pairs):
        answerable, gold = number % 2 == 0, number % 3
        sources = [pairs[(number + step) % len(pairs)][0] for step in (5, 11, 17)]
        if answerable:
            sources[gold] = passage
        row = rows[number]
        choices, right = row["choices"], row["gold"]
        assert isinstance(choices, list)
        assert isinstance(right, int)
        fields = {
            "question": question[:1].upper() + question[1:],
            "sources": sources,
            "answer": choices[right],
            "gold": gold + 1 if answerable else None,
        }
        items.append(Item(f"en-{number}", f"en-{answerable}", fields))
    return items


def measure(scorer: Scorer, items: Sequence[Item]) -> list[Result]:
    """Whether each answer abstains, and whether it is right and cites rightly."""
    asked = [[{"role": "user", "content": _prompt(item)}] for item in items]
    results = []
    for item, answer in zip(items, scorer.chat(asked, MAX_TOKENS), strict=True):
        fields = item.fields
        right = fields["gold"] is not None and _plain(fields["answer"]) in _plain(answer)
        results.append(
            {
                "id": item.id,
                "group": item.group,
                "language": item.id[:2],
                "answerable": fields["gold"] is not None,
                "answer": answer,
                "abstains": ABSTAINS.search(answer) is not None,
                "right": right,
                "cited": right and re.findall(r"\[(\d)\]", answer) == [str(fields["gold"])],
            }
        )
    return results


def _prompt(item: Item) -> str:
    ask, sources, question = ASK[item.id[:2]]
    listed = "\n\n".join(f"[{n}] {text}" for n, text in enumerate(item.fields["sources"], start=1))
    return f"{ask}\n\n{sources}\n{listed}\n\n{question} {item.fields['question']}"


def _plain(text: str) -> str:
    decomposed = unicodedata.normalize("NFKD", text.lower())
    return " " + " ".join(re.findall(r"\w+", "".join(c for c in decomposed if not unicodedata.combining(c)))) + " "


def summarise(results: Sequence[Result]) -> list[Number]:
    """By language: abstention where it is due and where it is not, and right answers."""
    numbers = []
    for language, rows in by(results, "language").items():
        without = [row["abstains"] for row in rows if not row["answerable"]]
        answerable = [row for row in rows if row["answerable"]]
        numbers += [share("abstains where no source answers", without, language)] if without else []
        if answerable:
            abstains = [row["abstains"] for row in answerable]
            numbers.append(share("abstains where one does", abstains, language, lower_is_better=True))
            numbers.append(share("right answer", [row["right"] for row in answerable], language))
            numbers.append(share("right answer and source", [row["cited"] for row in answerable], language))
    return numbers


SUITE = Suite(
    "abstention",
    "Abstention",
    f"Three sources and a question, 0-shot chat, greedy, at most {MAX_TOKENS} tokens; in half of them the source that "
    "answers was replaced; abstains if the answer says so in one of a list of phrases; right if the reference answer "
    "stands in it as words; the source is right if it alone is cited. French: PIAF, extractive; English: BoolQ, yes or "
    "no.",
    load,
    lambda setting: Prepared(measure),
    summarise,
    batch=8,
)
