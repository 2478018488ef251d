"""A house's own lists: words as they are read plainly, and regular expressions that may not take long."""

import logging
import re
from functools import lru_cache

import regex

from pleiade.domain.policy import Blocklist
from pleiade.safety.reading import read_plainly

PATTERN_S = 0.02  # for one expression over one text; a well-made one takes microseconds
LONGEST = 1000  # characters of a term or an expression
_TRIALS = ("a" * 3000 + "!", "a " * 1500 + "!", "1" * 3000 + "!", "ab" * 1500 + "\n", "é" * 2000 + "!")

log = logging.getLogger(__name__)


class PatternTooSlowError(Exception):
    """An expression did not end in its time; the message names it."""


def matches(blocklist: Blocklist, text: str) -> bool:
    """Whether a text has anything of a list. Raises PatternTooSlowError."""
    words = _words(blocklist)
    if words is not None and (words.search(text.casefold()) or words.search(read_plainly(text))):
        return True
    for pattern in blocklist.patterns:
        try:
            if _compiled(pattern).search(text, timeout=PATTERN_S):
                return True
        except TimeoutError as error:
            raise PatternTooSlowError(
                f"the expression {pattern[:60]!r} of the blocklist {blocklist.name} takes longer than {PATTERN_S} s"
            ) from error
    return False


def problems_of(blocklist: Blocklist) -> list[str]:
    """All that is wrong with a list, each in a sentence; empty if it can be used."""
    problems = []
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", blocklist.name):
        problems.append(f"{blocklist.name!r} is no name of a blocklist: letters, digits, dots, dashes, at most 64")
    if not blocklist.terms and not blocklist.patterns:
        problems.append(f"the blocklist {blocklist.name} is empty: give it terms or patterns")
    for text in (*blocklist.terms, *blocklist.patterns):
        if not text.strip() or len(text) > LONGEST:
            problems.append(f"{text[:40]!r} of the blocklist {blocklist.name}: 1 to {LONGEST} characters")
    for pattern in blocklist.patterns:
        try:
            compiled = _compiled(pattern)
            for trial in _TRIALS:
                compiled.search(trial, timeout=PATTERN_S)
            if compiled.search(""):
                problems.append(f"the expression {pattern[:60]!r} matches every text")
        except regex.error as error:
            problems.append(f"the expression {pattern[:60]!r} cannot be read: {error}")
        except TimeoutError:
            problems.append(
                f"the expression {pattern[:60]!r} can take longer than {PATTERN_S} s: no repetition inside of another"
            )
    return problems


@lru_cache(maxsize=1024)
def _compiled(pattern: str) -> "regex.Pattern[str]":
    return regex.compile(pattern, regex.IGNORECASE | regex.V0)


@lru_cache(maxsize=256)
def _words(blocklist: Blocklist) -> re.Pattern[str] | None:
    """One expression for all terms, as they are written and as they are read plainly."""
    forms = {form for term in blocklist.terms for form in (term.casefold().strip(), read_plainly(term)) if form}
    if not forms:
        return None
    longest_first = sorted(map(re.escape, forms), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(longest_first)})(?!\w)")
