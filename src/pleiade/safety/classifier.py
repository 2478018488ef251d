"""The moderation model at work: one table of small integers, read with numpy; no runtime, no graph.

A score is the sum of a text's n-grams in the table, made a probability by a curve fitted on texts that were kept aside.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pleiade.safety.ngrams import hash_words, read_words
from pleiade.safety.taxonomy import HARMS

MODEL_TYPE = "pleiade_moderation"
ARCHITECTURE = "PleiadeModeration"
WINDOW, STRIDE = 12, 6  # words: a long text is as bad as its worst sentence or so
_DTYPES: dict[str, Any] = {"F32": np.dtype("<f4"), "I8": np.dtype("i1")}


class Classifier:
    """Scores texts for each of `HARMS`. Any number of threads may use it: it only reads."""

    def __init__(self, folder: Path) -> None:
        """Raises ValueError where `folder` holds another model, or half of one."""
        try:
            config = json.loads((folder / "config.json").read_text("utf-8"))
        except (OSError, ValueError) as error:
            raise ValueError(f"{folder} holds no readable config.json ({error}): copy the model again") from error
        if config.get("model_type") != MODEL_TYPE:
            raise ValueError(f"{folder} is a {config.get('model_type')!r} model; this needs {MODEL_TYPE!r}")
        if tuple(config.get("harms", ())) != tuple(HARMS):
            raise ValueError(f"{folder} scores other harms than this version of Pleiade: train it again")
        tensors = read_tensors(folder / "model.safetensors")
        try:
            self._table_BC = tensors["table"]
            self._scale_C = tensors["scale"]
            self._bias_C = tensors["bias"]
            self._slope_C, self._shift_C = tensors["calibration"]
        except KeyError as error:
            raise ValueError(f"{folder}/model.safetensors lacks {error}: copy the model again") from None
        self.buckets = len(self._table_BC)
        self.window: int = config.get("window", WINDOW)
        self.stride: int = config.get("stride", STRIDE)

    def score(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Probabilities, float32 [texts, harms]. A text without a Latin letter or digit scores 0."""
        return np.stack([self.score_words(read_words(text)) for text in texts])

    def score_words(self, words: list[str]) -> NDArray[np.float32]:
        """Probabilities [harms] of one text given as words."""
        if not words:
            return np.zeros(len(HARMS), np.float32)
        logits_C = self._slope_C * self.logits(words) + self._shift_C
        return np.asarray(1 / (1 + np.exp(-logits_C)), np.float32)

    def logits(self, words: list[str]) -> NDArray[np.float32]:
        """Before calibration [harms]: the highest of the windows of a text that has words."""
        found, where = hash_words(words, self.buckets)
        last = max(len(words) - self.window, 0)
        starts = np.array([*range(0, last, self.stride), last])
        begins, ends = np.searchsorted(where, starts), np.searchsorted(where, starts + self.window)
        sums_NC = np.zeros((len(found) + 1, len(HARMS)), np.int32)
        np.cumsum(self._table_BC[found], axis=0, dtype=np.int32, out=sums_NC[1:])
        length_W1 = np.sqrt(ends - begins, dtype=np.float32)[:, None]
        logits_WC = (sums_NC[ends] - sums_NC[begins]) * self._scale_C / length_W1 + self._bias_C
        worst_C: NDArray[np.float32] = logits_WC.max(0)
        return worst_C


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """The tensors of a safetensors file, mapped into memory. Raises ValueError for a file of another kind."""
    try:
        data = np.memmap(path, np.uint8, "r")
        size = int(data[:8].view("<u8")[0])
        header = json.loads(bytes(data[8 : 8 + size]))
        found = {}
        for name, told in header.items():
            if name != "__metadata__":
                begin, end = told["data_offsets"]
                flat = np.asarray(data[8 + size + begin : 8 + size + end]).view(_DTYPES[told["dtype"]])
                found[name] = flat.reshape(told["shape"])
        return found
    except (OSError, ValueError, KeyError, IndexError, TypeError) as error:
        raise ValueError(f"{path} is no complete safetensors file ({error}): copy the model again") from error
