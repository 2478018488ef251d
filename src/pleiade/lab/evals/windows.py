"""Cuts a long text into pieces that are each predicted from the text before them; the same cuts for every model."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pleiade.lab.evals.scorer import Scorer

# Short enough for the smallest model that ships, which was trained at 256 tokens: farther than a model was trained is
# another question than how well it predicts.
STRIDE = 500  # characters scored at a time
BEFORE = 500  # characters shown before them
WINDOW_PROTOCOL = (
    f"in pieces of about {STRIDE:,} characters, each predicted from the {BEFORE:,} before it (fewer at a text's start)"
)

# Byte-level tokenizers always cut before a space that a letter follows, so tokens do not notice these places.
_PLACE = re.compile(r"(?<=\S)(?= [^\W\d_])")


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """(context, piece) pairs; the pieces together are `text`."""
    cuts = [0]
    for match in _PLACE.finditer(text):
        if match.start() - cuts[-1] >= STRIDE:
            cuts.append(match.start())
    for first, last in zip(cuts, [*cuts[1:], len(text)], strict=True):
        before = max(0, first - BEFORE)
        while 0 < before < first and not _PLACE.match(text, before):
            before += 1
        yield text[before:first], text[first:last]


def nats_of(scorer: Scorer, texts: Sequence[str]) -> list[float]:
    """What each text costs, in nats."""
    pairs, owners = [], []
    for owner, text in enumerate(texts):
        for pair in pieces(text):
            pairs.append(pair)
            owners.append(owner)
    costs = [0.0] * len(texts)
    for owner, likelihood in zip(owners, scorer.likelihoods(pairs), strict=True):
        costs[owner] -= likelihood.logprob
    return costs
