"""A text engine that says what a test wants, token by token, from a thread of its own as the real one does."""

import threading
from collections import deque
from collections.abc import Callable

from pleiade.engines.text_openvino.generation import (
    EngineStats,
    EventSink,
    GenerationRequest,
    QueueFull,
    TokenEvent,
    TokenLogprobs,
)

Script = Callable[[GenerationRequest, int], list[int]]


class ScriptedEngine:
    """Answers each sequence with the tokens of `script`; a constraint, if any, chooses the smallest allowed token."""

    def __init__(self, script: Script, *, vocabulary: int, context: int = 4096, queue_limit: int = 32) -> None:
        self.vocabulary_size = vocabulary
        self.context_length = context
        self.requests: list[GenerationRequest] = []
        self.cancelled: list[tuple[str, int | None]] = []
        self.hold = threading.Event()  # cleared: no sequence goes on
        self.hold.set()
        self._script = script
        self.queue_limit = queue_limit
        self._live: dict[tuple[str, int], tuple[GenerationRequest, deque[int]]] = {}
        self._lock = threading.Lock()
        self._work = threading.Event()
        self._stopped = False
        self._thread: threading.Thread | None = None

    def start(self, sink: EventSink) -> None:
        self._thread = threading.Thread(target=self._run, args=(sink,), daemon=True)
        self._thread.start()

    def submit(self, request: GenerationRequest) -> None:
        with self._lock:
            if len(self._live) >= self.queue_limit:
                raise QueueFull
            self.requests.append(request)
            for index in range(request.n):
                self._live[request.id, index] = (request, deque(self._script(request, index)))
        self._work.set()

    def cancel(self, request: str, index: int | None = None) -> None:
        with self._lock:
            self.cancelled.append((request, index))
            for key in [k for k in self._live if k[0] == request and index in (None, k[1])]:
                del self._live[key]

    def load_adapter(self, name: str, path: str) -> None:
        if not path.startswith("/lora"):
            raise ValueError("it was made for another model")

    def unload_adapter(self, name: str) -> None:
        pass

    def stats(self) -> EngineStats:
        with self._lock:
            running = len(self._live)
        return EngineStats(
            running=running,
            waiting=0,
            blocks_total=1,
            blocks_free=1,
            steps=0,
            prompt_tokens=0,
            cached_tokens=0,
            generated_tokens=0,
            preemptions=0,
        )

    def stop(self) -> None:
        self._stopped = True
        self._work.set()
        self.hold.set()
        if self._thread is not None:
            self._thread.join(5)

    def _run(self, sink: EventSink) -> None:
        sent: dict[tuple[str, int], int] = {}
        while not self._stopped:
            self._work.wait()
            self.hold.wait()
            events = []
            with self._lock:
                if not self._live:
                    self._work.clear()
                for key, (request, tokens) in list(self._live.items()):
                    count = sent.get(key, 0)
                    first = count == 0
                    logprobs = None
                    token, finish = -1, None
                    if request.max_tokens == 0:
                        finish = "length"
                    elif not tokens:
                        finish = "stop"
                    else:
                        token = tokens.popleft()
                        if token in request.stop_tokens and not request.ignore_stop_tokens:
                            finish = "stop"
                        elif count + 1 >= request.max_tokens:
                            finish = "length"
                        if request.logprobs is not None:
                            others = tuple((t, -2.0 - t) for t in range(request.logprobs - 1))
                            logprobs = TokenLogprobs(token, -0.5, ((token, -0.5), *others)[: request.logprobs])
                    prompt_logprobs = None
                    if first and request.prompt_logprobs is not None:
                        rest = tuple(TokenLogprobs(t, -1.0, ((t, -1.0),)) for t in request.prompt[1:])
                        prompt_logprobs = (None, *rest)
                    events.append(
                        TokenEvent(request.id, key[1], token, logprobs, finish, 3 if first else 0, prompt_logprobs)
                    )
                    sent[key] = count + 1
                    if finish is not None:
                        del self._live[key]
            if events:
                sink(events)
