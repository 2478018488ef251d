"""WikiText-2, test: bits per byte and perplexity per word."""

from __future__ import annotations

import lzma
import math
import re
from collections.abc import Iterator, Sequence

from pleiade.lab.evals.scorer import EvalError, Scorer
from pleiade.lab.evals.suite import Item, Number, Prepared, Result, Setting, Suite
from pleiade.lab.evals.windows import WINDOW_PROTOCOL, nats_of

FILE = "eval/wikitext2/test.txt.xz"


def load(setting: Setting) -> list[Item]:
    """One item an article. Raises EvalError if the file is not there."""
    path = setting.data / FILE
    if not path.is_file():
        raise EvalError(f"no data for this suite: expected {path}; name the folder that holds eval/ with --data")
    with lzma.open(path, "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")
    return [Item(f"article-{i}", "test", {"tokens": article}) for i, article in enumerate(_articles(lines))]


def _articles(lines: Sequence[str]) -> Iterator[str]:
    article: list[str] = []
    for line in lines:
        if re.fullmatch(r" = [^=].*[^=] = ", line) and any(article):
            yield "\n".join(article)
            article = []
        article.append(line)
    yield "\n".join(article)


def detokenise(text: str) -> str:
    """The text as it was before the set's authors put spaces between its tokens; <unk> stays."""
    text = re.sub(r" @([-,.])@ ", r"\1", text)
    text = re.sub(r' " ([^"\n]*) " ', r' "\1" ', text)
    text = re.sub(r" ([,.;:!?%)\]}])", r"\1", text)
    text = re.sub(r"([(\[{$]) ", r"\1", text)
    text = re.sub(r" (n't|'(?:s|t|re|ve|d|ll|m)?)(?= )", r"\1", text)
    text = re.sub(r"^ +| +$", "", text, flags=re.MULTILINE)
    return re.sub(r"\n{2,}", "\n\n", text).strip()


def measure(scorer: Scorer, items: Sequence[Item]) -> list[Result]:
    """Nats, bytes of the detokenised text, words of the set's own tokens."""
    texts = [detokenise(item.fields["tokens"]) for item in items]
    return [
        {
            "id": item.id,
            "group": item.group,
            "nats": cost,
            "bytes": len(text.encode()),
            "words": len(item.fields["tokens"].split()),
        }
        for item, text, cost in zip(items, texts, nats_of(scorer, texts), strict=True)
    ]


def summarise(results: Sequence[Result]) -> list[Number]:
    """Both, over all articles."""
    nats = sum(row["nats"] for row in results)
    bits = nats / math.log(2) / sum(row["bytes"] for row in results)
    perplexity = math.exp(nats / sum(row["words"] for row in results))
    return [
        Number("bits per byte", bits, "bits per byte", len(results), "en", lower_is_better=True),
        Number("per word", perplexity, "perplexity", len(results), "en", lower_is_better=True),
    ]


SUITE = Suite(
    "wikitext2",
    "WikiText-2",
    f"Test articles, detokenised, {WINDOW_PROTOCOL}; words are the set's own tokens without line ends, <unk> is text. "
    "Published figures use other detokenisers, windows and word counts.",
    load,
    lambda setting: Prepared(measure),
    summarise,
    batch=1,
)
