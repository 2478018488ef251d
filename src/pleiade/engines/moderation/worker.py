"""The moderation worker: `POST /v1/moderations` around the classifier."""

import asyncio
import logging
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np

from pleiade.engines.wire.app import Handler
from pleiade.engines.wire.checksum import verify
from pleiade.engines.wire.errors import queue_full
from pleiade.engines.wire.exchange import Exchange
from pleiade.engines.wire.metrics import SECONDS, Histogram, format_labels, value_lines
from pleiade.engines.wire.moderations import ModerationRequest, moderations_answer, texts_of
from pleiade.engines.wire.requests import parse
from pleiade.engines.wire.serve import LoadError
from pleiade.engines.wire.sse import UsageCounter
from pleiade.safety.classifier import Classifier
from pleiade.safety.ngrams import read_words

SMALL_BODY = 4 << 10  # bytes, about a millisecond of work; above, it happens in the thread

log = logging.getLogger("pleiade.engine")


class ModerationOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is served: the command line of `python -m pleiade.engines.moderation`."""

    model: str  # folder
    model_id: str
    queue_limit: int = 32
    sha256: str = ""  # of model.safetensors; empty = not verified


class ModerationService:
    """What the HTTP surface serves. Long texts wait in line for one thread; short ones pass them by."""

    def __init__(self, options: ModerationOptions, classifier: Classifier) -> None:
        self._id = options.model_id
        self._classifier = classifier
        self._queue_limit = options.queue_limit
        self._thread = ThreadPoolExecutor(1, "classifier")
        self._created = int(time.time())
        self._waiting = 0
        self._labels = format_labels({"gen_ai_request_model": options.model_id})
        self._duration = Histogram("gen_ai_server_request_duration_seconds", "Arrival to answer.", SECONDS)
        self.posts: Mapping[str, Handler] = {"/moderations": self._moderate}

    async def _moderate(self, exchange: Exchange) -> None:
        began = time.monotonic()
        request = parse(exchange.body, ModerationRequest)
        texts = texts_of(request)
        if len(exchange.body) <= SMALL_BODY:
            scores, words = self._score(texts)
        elif self._waiting >= self._queue_limit:
            raise queue_full()
        else:
            self._waiting += 1
            try:
                scores, words = await asyncio.get_running_loop().run_in_executor(self._thread, self._score, texts)
            finally:
                self._waiting -= 1
        exchange.count_with(UsageCounter(words))
        self._duration.observe(time.monotonic() - began)
        await exchange.answer(moderations_answer(scores, model=self._id, request=request))

    def _score(self, texts: list[list[str]]) -> tuple[list[list[float]], int]:
        """Scores [inputs, harms]: of an input with several texts those of the worst; and all words."""
        read = [[read_words(text) for text in item] for item in texts]
        scores = [np.max([self._classifier.score_words(words) for words in item], axis=0) for item in read]
        return np.stack(scores).tolist(), sum(len(words) for item in read for words in item)

    def models(self) -> list[dict[str, object]]:
        """The one model."""
        return [{"id": self._id, "object": "model", "created": self._created, "owned_by": "pleiade"}]

    def metrics(self) -> str:
        """Durations and the queue."""
        lines = self._duration.lines(self._labels)
        lines += value_lines(
            "pleiade_engine_waiting", "Requests not yet complete.", "gauge", self._waiting, self._labels
        )
        return "\n".join(lines) + "\n"

    def close(self) -> None:
        """End the thread; what waits for it is dropped."""
        self._thread.shutdown(wait=False, cancel_futures=True)


def load(options: ModerationOptions) -> ModerationService:
    """Load the weights. Raises LoadError, with what to do."""
    began = time.monotonic()
    folder = Path(options.model)
    if options.sha256:
        verify(folder / "model.safetensors", options.sha256)
    try:
        classifier = Classifier(folder)
    except ValueError as error:
        raise LoadError(str(error)) from error
    log.info("%s ready after %.2f s", options.model_id, time.monotonic() - began)
    return ModerationService(options, classifier)
