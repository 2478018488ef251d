"""Tokens to text, one at a time, never half a character."""

import codecs
from collections.abc import Sequence


class Detokeniser:
    """Text of a growing sequence. Bytes of an unfinished UTF-8 character wait for the rest of it."""

    __slots__ = ("_decode", "_strip", "_table")

    def __init__(self, token_bytes: Sequence[bytes], *, strip_first_space: bool = False) -> None:
        self._table = token_bytes
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode
        self._strip = strip_first_space

    def push(self, token: int) -> str:
        """The text that `token` completes; empty for control tokens and within a character."""
        piece = self._table[token] if token < len(self._table) else b""
        text = self._decode(piece)
        if self._strip and text:
            self._strip = False
            return text.removeprefix(" ")
        return text

    def end(self) -> str:
        """What is left: a replacement character for a character that never came to its end, else nothing."""
        return self._decode(b"", True)


def decode(token_bytes: Sequence[bytes], tokens: Sequence[int]) -> str:
    """The text of a whole sequence."""
    pieces = (token_bytes[token] if token < len(token_bytes) else b"" for token in tokens)
    return b"".join(pieces).decode("utf-8", "replace")
