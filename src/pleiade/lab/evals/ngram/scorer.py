"""The n-gram under the same examinations as a language model: it tells likelihoods, and writes nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NoReturn

import numpy as np

from pleiade.lab.dialogues.conversation import Message
from pleiade.lab.evals.ngram.folder import read_ngram
from pleiade.lab.evals.scorer import EvalError, Likelihood, scored_ids
from pleiade.lab.tokenizer.special_tokens import END_OF_TEXT


class NgramScorer:
    """A `Scorer` over the folder of an n-gram."""

    def __init__(self, folder: Path, name: str = "") -> None:
        self._model, self._told, self._tokenizer = read_ngram(folder)
        self._name = name or folder.name

    @property
    def name(self) -> str:
        """The folder's."""
        return self._name

    @property
    def facts(self) -> Mapping[str, str]:
        """What was counted."""
        kind = f"modified Kneser-Ney {self._model.order}-gram of {self._told.tokens:,} tokens: {self._told.source}"
        return {"runs": "in process (numpy)", "before each text": END_OF_TEXT, "network": kind}

    def likelihoods(self, pairs: Sequence[tuple[str, str]]) -> list[Likelihood]:
        """See `Scorer`."""
        return [self._likelihood(*pair) for pair in pairs]

    def _likelihood(self, context: str, continuation: str) -> Likelihood:
        ids, first = scored_ids(self._tokenizer, END_OF_TEXT, context, continuation)
        found = self._model.probabilities(ids)[first:]
        greedy = all(int(self._model.distribution(ids[:i]).argmax()) == ids[i] for i in range(first, len(ids)))
        return Likelihood(float(np.log(found).sum()), greedy, len(found))

    def complete(self, prompts: Sequence[str], max_tokens: int, stop: Sequence[str] = ()) -> NoReturn:
        """Raises EvalError."""
        raise EvalError(f"{self.name} is an n-gram, which does not write: choose suites of likelihoods, as heldout")

    def chat(self, conversations: Sequence[Sequence[Message]], max_tokens: int) -> NoReturn:
        """Raises EvalError."""
        self.complete((), max_tokens)

    def infill(self, holes: Sequence[tuple[str, str]], max_tokens: int, stop: Sequence[str] = ()) -> NoReturn:
        """Raises EvalError."""
        self.complete((), max_tokens)
