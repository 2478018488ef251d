"""The embedding worker: `POST /v1/embeddings` around an encoder."""

import asyncio
import logging
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
from tokenizers import Tokenizer

from pleiade.engines.embed_openvino.batcher import Batcher
from pleiade.engines.wire.app import Handler
from pleiade.engines.wire.checksum import verify
from pleiade.engines.wire.embeddings import check_form, check_total, input_name, inputs_of, vectors_answer
from pleiade.engines.wire.errors import context_overflow, invalid
from pleiade.engines.wire.exchange import Exchange
from pleiade.engines.wire.metrics import SECONDS, TOKENS, Histogram, format_labels, value_lines
from pleiade.engines.wire.requests import EmbeddingRequest, parse
from pleiade.engines.wire.serve import LoadError
from pleiade.engines.wire.sse import UsageCounter

SMALL_BODY = 16 << 10  # bytes; above, tokenising happens in a thread

log = logging.getLogger("pleiade.engine")


class EmbedOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a model is served: the command line of `python -m pleiade.engines.embed_openvino`."""

    model: str  # folder
    model_id: str
    queue_limit: int = 32
    threads: int = 0  # 0 = the runtime's own choice
    sha256: str = ""  # of model.safetensors; empty = not verified


class EmbedService:
    """What the HTTP surface serves."""

    def __init__(
        self, options: EmbedOptions, batcher: Batcher, tokenizer: Tokenizer, *, width: int, longest: int
    ) -> None:
        """`width`: numbers per vector; `longest`: tokens per input, special ones included."""
        self._id = options.model_id
        self._batcher = batcher
        self._tokenizer = tokenizer
        self._width = width
        self._longest = longest
        self._vocabulary = tokenizer.get_vocab_size()
        self._opening, self._closing = _frame(tokenizer)
        self._created = int(time.time())
        self._labels = format_labels({"gen_ai_request_model": options.model_id})
        self._duration = Histogram("gen_ai_server_request_duration_seconds", "Arrival to answer.", SECONDS)
        self._lengths = Histogram("pleiade_engine_prompt_length_tokens", "Tokens per request.", TOKENS)
        self.posts: Mapping[str, Handler] = {"/embeddings": self._embed}

    async def _embed(self, exchange: Exchange) -> None:
        began = time.monotonic()
        request = parse(exchange.body, EmbeddingRequest)
        check_form(request, self._width)
        if len(exchange.body) <= SMALL_BODY:
            texts = self._tokenise(request)
        else:
            texts = await asyncio.to_thread(self._tokenise, request)
        tokens = sum(map(len, texts))
        exchange.count_with(UsageCounter(tokens))
        vectors = await self._batcher.encode_for(exchange, texts)
        if vectors is None:
            return
        self._duration.observe(time.monotonic() - began)
        self._lengths.observe(tokens)
        await exchange.answer(vectors_answer(vectors, model=self._id, tokens=tokens, request=request))

    def _tokenise(self, request: EmbeddingRequest) -> list[list[int]]:
        """Token ids of all inputs. Raises ApiError 400 for one that is empty, too long or of unknown tokens."""
        inputs = inputs_of(request)
        texts = [self._ids(item, input_name(place, len(inputs))) for place, item in enumerate(inputs)]
        check_total(texts)
        return texts

    def _ids(self, item: str | list[int], param: str) -> list[int]:
        """One input, in the frame that the model wants ([CLS] … [SEP])."""
        if isinstance(item, str):
            ids: list[int] = self._tokenizer.encode(item, add_special_tokens=False).ids
        else:
            ids = item
            for token in ids:
                if not 0 <= token < self._vocabulary:
                    raise invalid(
                        f"Invalid '{param}': token {token} is not in this model's vocabulary, whose ids go from 0 "
                        f"to {self._vocabulary - 1}. Send text instead of another tokenizer's ids (LangChain: "
                        "check_embedding_ctx_length=False).",
                        param,
                    )
        framed = ids[: len(self._opening)] == self._opening and ids[-len(self._closing) :] == self._closing
        if not framed:
            ids = [*self._opening, *ids, *self._closing]
        if len(ids) > self._longest:
            error = context_overflow(self._longest, len(ids), 0, chat=False)
            error.param = param
            raise error
        return ids

    def models(self) -> list[dict[str, object]]:
        """The one model."""
        return [{"id": self._id, "object": "model", "created": self._created, "owned_by": "pleiade"}]

    def metrics(self) -> str:
        """Durations, lengths and the queue."""
        lines = self._duration.lines(self._labels) + self._lengths.lines(self._labels)
        waiting = self._batcher.waiting
        lines += value_lines("pleiade_engine_waiting", "Requests not yet complete.", "gauge", waiting, self._labels)
        return "\n".join(lines) + "\n"

    def close(self) -> None:
        """End the encoder's thread."""
        self._batcher.stop()


def _frame(tokenizer: Tokenizer) -> tuple[list[int], list[int]]:
    """The special tokens that the tokenizer puts before and behind a text."""
    bare = tokenizer.encode("a", add_special_tokens=False).ids
    framed = tokenizer.encode("a", add_special_tokens=True).ids
    at = next(i for i in range(len(framed)) if framed[i : i + len(bare)] == bare)
    return framed[:at], framed[at + len(bare) :]


def load(options: EmbedOptions, loop: asyncio.AbstractEventLoop) -> EmbedService:
    """Load weights and tokenizer. Raises LoadError, with what to do."""
    began = time.monotonic()
    folder = Path(options.model)
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise LoadError(f"{folder} has no tokenizer.json: it must be a sentence-transformers model folder")
    if options.sha256:
        verify(folder / "model.safetensors", options.sha256)
    try:
        tokenizer = Tokenizer.from_str(path.read_text(encoding="utf-8"))
    except Exception as error:  # the tokenizers library raises bare Exception for a broken file
        raise LoadError(f"{path} cannot be read: {error}") from error
    tokenizer.no_padding()
    tokenizer.no_truncation()
    from pleiade.engines.embed_openvino.encoder import Encoder  # late: the worker listens before this import

    try:
        encoder = Encoder(folder, threads=options.threads)
    except (ValueError, OSError) as error:
        raise LoadError(str(error)) from error
    batcher = Batcher(encoder.encode, loop=loop, width=encoder.shape.hidden, queue_limit=options.queue_limit)
    service = EmbedService(options, batcher, tokenizer, width=encoder.shape.hidden, longest=encoder.shape.positions)
    log.info("%s ready after %.1f s", options.model_id, time.monotonic() - began)
    return service
