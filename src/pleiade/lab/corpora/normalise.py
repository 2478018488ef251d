"""One spelling for every text: NFC, line ends, no control characters. Words and typography stay as written."""

from __future__ import annotations

import re
import unicodedata

REPLACEMENT = "\ufffd"
_LINE_ENDS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
# Control characters but tab and newline, the byte-order mark, soft hyphens, zero-width space, unassigned specials.
# No-break spaces stay (French typography) and so do joiners (emoji, Indic scripts).
_INVISIBLE = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x9f\xad\u200b\u200e\u200f\u202a-\u202e\u2060\ufeff\ufff0-\ufffb\ufffe\uffff]"
)
_TRAILING_SPACE = re.compile(r"[ \t]+$", re.MULTILINE)
_EMPTY_LINES = re.compile(r"\n{4,}")


def normalise(text: str) -> str:
    """The text in NFC with \\n line ends, without invisible characters, spaces at line ends and heaps of empty lines.

    Indentation is kept, also that of the first line. Lone surrogates (from broken JSON escapes) become U+FFFD.
    """
    if not unicodedata.is_normalized("NFC", text):
        text = unicodedata.normalize("NFC", text)
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    text = _INVISIBLE.sub("", _LINE_ENDS.sub("\n", text))
    text = _EMPTY_LINES.sub("\n\n\n", _TRAILING_SPACE.sub("", text))
    return text.strip("\n")
