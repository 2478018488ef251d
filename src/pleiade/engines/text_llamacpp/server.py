"""llama.cpp's own server inside this process: threads of C++ that answer on a private port of the loopback."""

import secrets
from collections.abc import Mapping
from typing import Any

import msgspec

from pleiade.engines.wire.serve import LoadError


class LlamaOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How a GGUF file is served: the command line of `python -m pleiade.engines.text_llamacpp`."""

    model: str  # .gguf file
    model_id: str
    context: int = 4096  # tokens per sequence; more than the model was trained on is cut down
    slots: int = 4  # sequences at a time
    threads: int = 0  # 0 = llama.cpp's own choice
    gpu_layers: int = 0  # layers on a GPU, for wheels that were built for one
    queue_limit: int = 32  # requests that may wait
    embedding: bool = False  # an embedding model


class LlamaServer:
    """A running llama.cpp server; `url` and `key` reach it, `context` is what one sequence may hold."""

    def __init__(self, options: LlamaOptions) -> None:
        """Load the model. Raises LoadError for a file that llama.cpp refuses; its reasons are on stderr."""
        import xllamacpp  # late: the worker listens before this import

        self.key = secrets.token_urlsafe(32)
        params: Any = xllamacpp.CommonParams()
        params.model.path = options.model
        params.model_alias = {options.model_id}
        params.n_ctx = options.context * options.slots  # shared out by llama.cpp
        params.n_parallel = options.slots
        params.n_gpu_layers = options.gpu_layers
        params.hostnames = ["127.0.0.1"]
        params.port = 0
        params.api_keys = [self.key]
        params.n_threads_http = 2 * options.slots + 4  # our connections, and room for the questions between
        params.ui = False
        params.endpoint_slots = False  # it would show prompts
        params.verbosity = 1  # errors only
        if options.threads:
            params.cpuparams.n_threads = options.threads
            params.cpuparams_batch.n_threads = options.threads
        if options.embedding:
            params.embedding = True
            params.n_ubatch = params.n_batch = options.context
        try:
            self._server = xllamacpp.Server(params)
        except RuntimeError as error:
            raise LoadError(
                f"{options.model}: llama.cpp cannot load this file ({error}). The lines above say why; a file that is "
                "corrupted or incomplete must be copied or downloaded again"
            ) from error
        self.url: str = self._server.listening_address

    def close(self) -> None:
        """End llama.cpp's threads."""
        del self._server


def context_of(properties: Mapping[str, Any]) -> int:
    """Tokens per sequence, from llama.cpp's `GET /props`."""
    return int(properties["default_generation_settings"]["n_ctx"])
