"""How the llama.cpp engine is started. Imports no tensor library: the supervisor reads it."""

import sys
from collections.abc import Mapping

from pleiade.domain import Deployment, Model, ModelFormat, ModelKind
from pleiade.engines.base import ENGINE_TOKEN_VARIABLE, EngineError, Process
from pleiade.engines.options import bearer, checked_options, flags

OPTIONS: dict[str, type] = {"context": int, "slots": int, "threads": int, "gpu_layers": int}


class TextLlamacpp:
    """Any GGUF file that llama.cpp can read, as a text or an embedding model."""

    name = "text_llamacpp"

    def plan(
        self,
        deployment: Deployment,
        model: Model,
        *,
        port: int,
        token: str,
        queue_limit: int,
        adapters: Mapping[str, str],
    ) -> Process:
        """A worker process. Raises EngineError for a model that is not a GGUF file or an option that is wrong."""
        if model.format is not ModelFormat.GGUF or model.kind not in (ModelKind.TEXT, ModelKind.EMBEDDING):
            raise EngineError(
                f"{model.id} is a {model.kind} model in {model.format} form; text_llamacpp serves GGUF files"
            )
        if adapters:
            raise EngineError(f"text_llamacpp loads no adapters; use text_openvino for {', '.join(adapters)}")
        argv = [sys.executable, "-m", "pleiade.engines.text_llamacpp"]
        argv += ["--model", model.path, "--model-id", model.id, "--port", str(port)]
        argv += ["--queue-limit", str(queue_limit), *flags(checked_options(deployment, OPTIONS))]
        if model.kind is ModelKind.EMBEDDING:
            argv.append("--embedding")
        return Process(argv=tuple(argv), env={ENGINE_TOKEN_VARIABLE: token}, headers=bearer(token), tells_usage=True)
