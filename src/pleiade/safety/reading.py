"""How a text is read before it is judged: one spelling for what is spelled in many ways to slip past a filter."""

import re
import unicodedata

# Letters of other scripts that look like Latin ones (from Unicode's confusables, those seen in filter evasion).
_LOOKALIKES = str.maketrans(
    "авеікмнорстухѕјԁɡα\u03bfρϲɑ",
    "abeikmhopctyxsjdgaopca",
)
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff\U000e0000-\U000e007f]")
_ADDRESS = re.compile(r"https?\S*|www\.\S+|@url\b")
_PERSON = re.compile(r"@\w+")
_LEET = str.maketrans("013457@$!", "oieastasi")
_MIXED = re.compile(r"(?<![\w@$!])(?=[\w@$!]*[a-z])(?=[\w@$!]*[013457@$!][\w@$!]*[a-z])[a-z013457@$!]{3,}(?![\w@$!])")
_SPACED = re.compile(r"(?<![a-z0-9])(?:[a-z][ .\-_*]){3,}[a-z](?![a-z0-9])")
_GAPS = re.compile(r"[ .\-_*]")
_REPEATED = re.compile(r"(.)\1{2,}")
_NOT_WORD = re.compile(r"[^a-z0-9?!']+")


def read_plainly(text: str) -> str:
    """Lower case, no accents, no invisible signs, no look-alikes, no `l33t`, no `s p a c e d` letters; words by spaces.

    Question and exclamation marks stay as words of their own: they tell asking from telling.
    """
    text = unicodedata.normalize("NFKC", _INVISIBLE.sub("", text)).lower()
    text = unicodedata.normalize("NFD", text.replace("’", "'").replace("œ", "oe").replace("æ", "ae"))
    if not text.isascii():
        text = "".join([c for c in text if not unicodedata.combining(c)]).translate(_LOOKALIKES)
    text = _PERSON.sub(" ", _ADDRESS.sub(" ", text))
    text = _MIXED.sub(lambda found: found[0].translate(_LEET), text)
    text = _SPACED.sub(lambda found: _GAPS.sub("", found[0]), text)
    text = _REPEATED.sub(r"\1\1", text.replace("?", " ? ").replace("!", " ! "))
    return _NOT_WORD.sub(" ", text).replace("'", " ").strip()
