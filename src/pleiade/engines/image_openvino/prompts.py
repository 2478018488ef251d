"""A prompt as the model reads it: token ids up to its limit, and the text that these stand for."""

from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pleiade.engines.image_openvino.folder import AGAIN
from pleiade.engines.wire.serve import LoadError


class Prompt(msgspec.Struct, frozen=True, eq=False):
    """Token ids int64 [T], padded with 0; how many are tokens; and the text the model reads of a prompt too long."""

    ids_T: NDArray[np.int64]
    tokens: int
    revised: str  # empty = the model reads all of it


def read_prompt(tokenizer: Tokenizer, text: str, longest: int) -> Prompt:
    """The first `longest` tokens of `text`. An empty text is all padding: no caption."""
    encoding = tokenizer.encode(text, add_special_tokens=False)
    ids_T = np.zeros(longest, np.int64)
    read = encoding.ids[:longest]
    ids_T[: len(read)] = read
    cut = len(encoding.ids) > longest
    return Prompt(ids_T, len(read), text[: encoding.offsets[longest - 1][1]].strip() if cut else "")


def load_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer of the model in `folder`. Raises LoadError, with what to do."""
    path = folder / "tokenizer.json"
    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # the tokenizers library raises bare Exception for a broken file
        raise LoadError(f"{path} cannot be read ({error}): {AGAIN}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer
