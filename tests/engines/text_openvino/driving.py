"""An engine run in process: submit requests, wait, look at what came."""

import threading
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pleiade.engines.text_openvino.engine import Engine, load_engine
from pleiade.engines.text_openvino.generation import GenerationRequest, Sampling, TokenEvent

GREEDY = Sampling(temperature=0.0)


class Driver:
    """A started engine and all the events that came from it."""

    def __init__(self, engine: Engine):
        self.engine = engine
        self.events: dict[tuple[str, int], list[TokenEvent]] = defaultdict(list)
        self._changed = threading.Condition()

    def sink(self, events: Sequence[TokenEvent]) -> None:
        with self._changed:
            for event in events:
                self.events[event.request, event.index].append(event)
            self._changed.notify_all()

    def wait_for(self, condition: Any) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, timeout=60), "the engine did not get there"

    def submit(self, request: GenerationRequest) -> None:
        self.engine.submit(request)

    def finished(self, request: GenerationRequest) -> bool:
        return all(
            self.events[request.id, index] and self.events[request.id, index][-1].finish for index in range(request.n)
        )

    def run(self, *requests: GenerationRequest) -> list[list[int]]:
        """Submit all at once, wait for all; the tokens of every sequence, in order of request and index."""
        for request in requests:
            self.submit(request)
        self.wait_for(lambda: all(self.finished(request) for request in requests))
        return [self.tokens(request.id, index) for request in requests for index in range(request.n)]

    def tokens(self, request: str, index: int = 0) -> list[int]:
        return [event.token for event in self.events[request, index] if event.token >= 0]


@contextmanager
def running(path: Path, **options: Any) -> Iterator[Driver]:
    """An engine on the model at `path`; float32 throughout unless told otherwise, so that results are exact."""
    exact: dict[str, Any] = {"weights": "f32", "precision": "f32", "kv_cache_mb": 32, "speculation": "off"}
    driver = Driver(load_engine(path, **(exact | options)))
    driver.engine.start(driver.sink)
    try:
        yield driver
    finally:
        driver.engine.stop()


def request(name: str, prompt: Sequence[int], max_tokens: int = 12, **more: Any) -> GenerationRequest:
    """Greedy and of fixed length unless told otherwise."""
    fields: dict[str, Any] = {"sampling": GREEDY, "ignore_stop_tokens": True} | more
    return GenerationRequest(id=name, prompt=prompt, max_tokens=max_tokens, **fields)
