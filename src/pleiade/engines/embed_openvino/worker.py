"""The embedding worker: `POST /v1/embeddings` around an encoder."""

import asyncio
import base64
import hashlib
import logging
import time
from collections.abc import Mapping
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from pleiade.engines.embed_openvino.batcher import Batcher, BatcherFull
from pleiade.engines.wire.app import Handler
from pleiade.engines.wire.errors import ApiError, invalid, queue_full
from pleiade.engines.wire.exchange import Exchange
from pleiade.engines.wire.metrics import SECONDS, TOKENS, Histogram, format_labels, value_lines
from pleiade.engines.wire.requests import EmbeddingRequest, number_in_range, parse
from pleiade.engines.wire.serve import LoadError

# OpenAI's own bounds (wire-contract §2.1).
MAX_INPUTS = 2048
MAX_TOKENS_PER_REQUEST = 300_000
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
        _check(request, self._width)
        if len(exchange.body) <= SMALL_BODY:
            texts = self._tokenise(request)
        else:
            texts = await asyncio.to_thread(self._tokenise, request)
        task = asyncio.ensure_future(self._batcher.encode_texts(texts))
        exchange.when_client_leaves(task.cancel)
        try:
            vectors = await task
        except BatcherFull:
            raise queue_full() from None
        except asyncio.CancelledError:
            if exchange.closed:
                return
            raise
        if request.dimensions is not None and request.dimensions < self._width:
            vectors = vectors[:, : request.dimensions]
            vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        tokens = sum(map(len, texts))
        self._duration.observe(time.monotonic() - began)
        self._lengths.observe(tokens)
        await exchange.answer(_answer(self._id, vectors, tokens, request.encoding_format == "base64"))

    def _tokenise(self, request: EmbeddingRequest) -> list[list[int]]:
        """Token ids of all inputs. Raises ApiError 400 for one that is empty, too long or of unknown tokens."""
        given = request.input
        if isinstance(given, str):
            inputs: list[str | list[int]] = [given]
        elif given and all(isinstance(item, int) for item in given):
            inputs = [[item for item in given if isinstance(item, int)]]
        elif any(isinstance(item, int) for item in given):
            raise invalid(
                "Invalid type for 'input': expected strings or arrays of integers, not both.",
                "input",
                "invalid_type",
            )
        else:
            inputs = [item for item in given if not isinstance(item, int)]
        if not inputs:
            raise invalid(
                "Invalid 'input': empty array. Expected at least one input.", "input", "empty_array"
            )
        if len(inputs) > MAX_INPUTS:
            raise invalid(
                f"Invalid 'input': array too long. Expected an array with maximum length {MAX_INPUTS}, but got an "
                f"array with length {len(inputs)} instead.",
                "input",
                "array_above_max_length",
            )
        texts = [self._ids(item, place if len(inputs) > 1 else None) for place, item in enumerate(inputs)]
        total = sum(map(len, texts))
        if total > MAX_TOKENS_PER_REQUEST:
            raise invalid(
                f"Requested {total} tokens, max {MAX_TOKENS_PER_REQUEST} tokens per request",
                "input",
                "max_tokens",
            )
        return texts

    def _ids(self, item: str | list[int], place: int | None) -> list[int]:
        """One input, in the frame that the model wants ([CLS] … [SEP])."""
        param = "input" if place is None else f"input[{place}]"
        if not item:
            raise invalid(f"Invalid '{param}': input cannot be an empty string.", param, "invalid_value")
        if isinstance(item, str):
            ids: list[int] = self._tokenizer.encode(item, add_special_tokens=False).ids
        else:
            ids = item
            for token in ids:
                if not 0 <= token < self._vocabulary:
                    raise invalid(
                        f"Invalid '{param}': token {token} is not in this model's vocabulary, whose ids go from 0 to "
                        f"{self._vocabulary - 1}. Send text instead of another tokenizer's ids (LangChain: "
                        "check_embedding_ctx_length=False).",
                        param,
                    )
        framed = ids[: len(self._opening)] == self._opening and ids[-len(self._closing) :] == self._closing
        if not framed:
            ids = [*self._opening, *ids, *self._closing]
        if len(ids) > self._longest:
            raise ApiError(
                400,
                f"This model's maximum context length is {self._longest} tokens, however you requested {len(ids)} "
                f"tokens ({len(ids)} in your prompt; 0 for the completion). Please reduce your prompt; or completion "
                "length.",
                param=param,
                code="context_length_exceeded",
            )
        return ids

    def models(self) -> list[dict[str, object]]:
        """The one model."""
        return [{"id": self._id, "object": "model", "created": self._created, "owned_by": "pleiade"}]

    def metrics(self) -> str:
        """Durations, lengths and the queue."""
        lines = self._duration.lines(self._labels) + self._lengths.lines(self._labels)
        waiting = self._batcher.waiting
        lines += value_lines(
            "pleiade_engine_waiting", "Requests not yet complete.", "gauge", waiting, self._labels
        )
        return "\n".join(lines) + "\n"

    def close(self) -> None:
        """End the encoder's thread."""
        self._batcher.stop()


def _check(request: EmbeddingRequest, width: int) -> None:
    number_in_range("dimensions", request.dimensions, 1, None)
    if request.dimensions is not None and request.dimensions > width:
        raise invalid(f"Invalid value for 'dimensions': this model's vectors have {width}.", "dimensions")
    if request.encoding_format not in (None, "float", "base64"):
        raise invalid(
            f"Invalid value: '{request.encoding_format}'. Supported values are: 'float' and 'base64'.",
            "encoding_format",
        )


def _answer(model: str, vectors: NDArray[np.float32], tokens: int, base64_wanted: bool) -> bytes:
    """The embeddings list. Base64 is of float32, little-endian, as the SDK asks by default."""
    little = np.ascontiguousarray(vectors, "<f4")
    data = [
        {
            "object": "embedding",
            "index": index,
            "embedding": base64.b64encode(row.tobytes()).decode() if base64_wanted else row.tolist(),
        }
        for index, row in enumerate(little)
    ]
    usage = {"prompt_tokens": tokens, "total_tokens": tokens}
    return msgspec.json.encode({"object": "list", "data": data, "model": model, "usage": usage})


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
        _verify(folder / "model.safetensors", options.sha256)
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
    service = EmbedService(
        options, batcher, tokenizer, width=encoder.shape.hidden, longest=encoder.shape.positions
    )
    log.info("%s ready after %.1f s", options.model_id, time.monotonic() - began)
    return service


def _verify(weights: Path, expected: str) -> None:
    """Compare the weights with the checksum that was registered."""
    if not weights.is_file():
        return
    with weights.open("rb") as file:
        actual = hashlib.file_digest(file, "sha256").hexdigest()
    if actual != expected:
        raise LoadError(
            f"{weights} has SHA-256 {actual[:8]}…{actual[-8:]} instead of {expected[:8]}…{expected[-8:]}: the file was "
            "changed or damaged; install or copy the model again"
        )
