"""The last word of a passage that needs the passage, made from held-out text as LAMBADA was (Paperno et al., 2016)."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence

from pleiade.lab.evals.scorer import Scorer
from pleiade.lab.evals.suite import Item, Number, Prepared, Result, Setting, Suite, by, rows_of, share

DOMAINS = {"books_en": "en", "wiki_en": "en", "books_fr": "fr", "debats_fr": "fr"}
SENTENCE_END = re.compile(r"(?<=[.!?…»])\s+(?=[A-ZÀ-Ý«\"–])")
LAST_WORD = re.compile(r"(.*[^\W\d_])( [^\W\d_]{4,})[.!?…»]*", re.DOTALL)
MIN_CONTEXT, MAX_CONTEXT = 200, 800  # characters
PER_DOMAIN = 300


def load(setting: Setting) -> list[Item]:
    """Passages of eval/heldout_text whose last word also stands earlier in them."""
    items = []
    for domain, language in DOMAINS.items():
        passages = [
            passage
            for row in rows_of(setting, "eval/heldout_text", f"{domain}.jsonl*")
            for paragraph in row["text"].split("\n\n")
            for passage in _passages(paragraph.replace("\n", " "))
        ]
        for number, (context, word) in enumerate(passages[:PER_DOMAIN]):
            items.append(Item(f"{domain}-{number}", domain, {"context": context, "word": word, "language": language}))
    return items


def _passages(paragraph: str) -> Iterator[tuple[str, str]]:
    sentences = SENTENCE_END.split(paragraph)
    for last in range(1, len(sentences)):
        match = LAST_WORD.fullmatch(sentences[last])
        if match is None or match[2][1:].istitle():
            continue
        context = " ".join([*sentences[max(0, last - 4) : last], match[1]])[-MAX_CONTEXT:]
        earlier = re.findall(r"\w+", context.lower())
        if len(context) >= MIN_CONTEXT and match[2].strip().lower() in earlier[:-2]:
            yield context, match[2]


def measure(scorer: Scorer, items: Sequence[Item]) -> list[Result]:
    """Whether the word is the greedy choice, and its likelihood."""
    likelihoods = scorer.likelihoods([(item.fields["context"], item.fields["word"]) for item in items])
    return [
        {
            "id": item.id,
            "group": item.group,
            "language": item.fields["language"],
            "right": found.greedy,
            "nats": -found.logprob,
        }
        for item, found in zip(items, likelihoods, strict=True)
    ]


def summarise(results: Sequence[Result]) -> list[Number]:
    """Accuracy and perplexity of the word, by language."""
    numbers = []
    for language, rows in by(results, "language").items():
        perplexity = math.exp(sum(row["nats"] for row in rows) / len(rows))
        numbers.append(share("last word", [row["right"] for row in rows], language))
        numbers.append(Number("last word", perplexity, "perplexity", len(rows), language, lower_is_better=True))
    return numbers


SUITE = Suite(
    "cloze",
    "Last word",
    "LAMBADA-style, made here from held-out books, encyclopedia and debates: up to four sentences and a last one "
    "without its last word, which has four letters or more and stands earlier in the passage; right if each of its "
    "tokens is the likeliest one, perplexity per word; 0-shot. Not comparable with LAMBADA itself.",
    load,
    lambda setting: Prepared(measure),
    summarise,
)
