"""Words as they are searched: small letters without accents; and where they stand in the text that people see."""

import re
import unicodedata

INDEXED = 200_000  # characters of one message that are searched; PostgreSQL takes at most 1 MB of words a row
_LONGEST = 64  # a longer run of letters is no word: data, a key, a line of base64
_WORD = re.compile(r"[^\W_]+")
# Languages without spaces: each sign is searched as a word of its own.
_SIGN = re.compile(r"([\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff])")
_PERHAPS_MARK = re.compile("[\u0300-\U0010ffff]")  # no accent stands below
_JOINED = str.maketrans({"œ": "oe", "æ": "ae", "ø": "o", "đ": "d", "ł": "l"})


def folded(text: str) -> str:
    """`text` in small letters without accents: "Été" and "ete" become the same."""
    if text.isascii():
        return text.lower()
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_JOINED))
    return _PERHAPS_MARK.sub(lambda match: "" if unicodedata.combining(match[0]) else match[0], plain)


def words_of(text: str) -> list[str]:
    """The words of the first INDEXED characters, folded."""
    spaced = _SIGN.sub(r" \1 ", folded(text[:INDEXED]))
    return [word for word in _WORD.findall(spaced) if len(word) <= _LONGEST]


def places(text: str, words: list[str]) -> list[tuple[int, int]]:
    """Where words of `text` begin with one of `words` (folded): pairs of positions, in order."""
    found = []
    for match in _WORD.finditer(text[:INDEXED]):
        if any(sign in words for sign in match[0]):  # inside a run of signs without spaces
            found += [(match.start() + i, match.start() + i + 1) for i, sign in enumerate(match[0]) if sign in words]
        elif folded(match[0]).startswith(tuple(words)):
            found.append((match.start(), match.end()))
    return found


def snippet(text: str, words: list[str], length: int = 160) -> tuple[str, list[tuple[int, int]]]:
    """About `length` characters of `text` around the first of `words`, and where the words stand in it (UTF-16)."""
    found = places(text, words)
    first = found[0][0] if found else 0
    start = max(0, first - length // 3)
    if start:
        start = text.find(" ", start, first) + 1 or start  # not in the middle of a word
    shown = text[start : start + length]
    before, after = "…" if start else "", "…" if start + length < len(text) else ""
    ranges = [
        (_units(before + shown[: low - start]), _units(before + shown[: high - start]))
        for low, high in found
        if low >= start and high <= start + length
    ]
    return before + re.sub(r"\s", " ", shown) + after, ranges


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2
