"""How alike two texts are, 0 to 1, by the metrics of OpenAI's text_similarity that need no model and no dictionary.

BLEU: Papineni et al. 2002, up to 4-grams, each but the first smoothed by one (Lin and Och 2004). GLEU: Wu et al. 2016,
the lesser of precision and recall over 1- to 4-grams. ROUGE: Lin 2004, F1. Words are runs of letters and digits, case
folded.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence

METRICS = ("fuzzy_match", "bleu", "gleu", "rouge_1", "rouge_2", "rouge_3", "rouge_4", "rouge_5", "rouge_l")
MAX_N = 4  # of BLEU and GLEU


def similarity(text: str, reference: str, metric: str) -> float:
    """`metric` of METRICS. `fuzzy_match` = 2 LCS / (|a| + |b|) of letters, `rouge_l` the same of words."""
    if metric == "fuzzy_match":
        return _lcs_ratio(text, reference)
    a, b = _words(text), _words(reference)
    match metric:
        case "rouge_l":
            return _lcs_ratio(a, b)
        case "bleu":
            return _bleu(a, b)
        case "gleu":
            return _gleu(a, b)
    n = int(metric.removeprefix("rouge_"))
    left, right = _ngrams(a, n), _ngrams(b, n)
    total = left.total() + right.total()
    return 2 * (left & right).total() / total if total else 0.0


def _bleu(words: list[str], reference: list[str]) -> float:
    if not words:
        return 0.0
    logs = []
    for n in range(1, MAX_N + 1):
        found, smooth = _ngrams(words, n), float(n > 1)
        hits = (found & _ngrams(reference, n)).total() + smooth
        if not hits:
            return 0.0
        logs.append(math.log(hits / (found.total() + smooth)))
    brevity = min(0.0, 1 - len(reference) / len(words))
    return math.exp(brevity + sum(logs) / MAX_N)


def _gleu(words: list[str], reference: list[str]) -> float:
    lengths = range(1, MAX_N + 1)
    found = sum((_ngrams(words, n) for n in lengths), Counter[tuple[str, ...]]())
    wanted = sum((_ngrams(reference, n) for n in lengths), Counter[tuple[str, ...]]())
    most = max(found.total(), wanted.total())
    return (found & wanted).total() / most if most else 0.0


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.casefold())


def _ngrams(words: Sequence[str], n: int) -> Counter[tuple[str, ...]]:
    return Counter(zip(*(words[start:] for start in range(n)), strict=False))


def _lcs_ratio(a: Sequence[str], b: Sequence[str]) -> float:
    return 2 * _longest_common(a, b) / (len(a) + len(b)) if a or b else 1.0


def _longest_common(a: Sequence[str], b: Sequence[str]) -> int:
    """Length of the longest common subsequence, a row of the table in one integer (Hyyrö, 2004)."""
    places: dict[str, int] = {}
    for place, symbol in enumerate(a):
        places[symbol] = places.get(symbol, 0) | 1 << place
    everything = (1 << len(a)) - 1
    row = everything
    for symbol in b:
        hit = row & places.get(symbol, 0)
        row = ((row + hit) | (row - hit)) & everything
    return len(a) - row.bit_count()
