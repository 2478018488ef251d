"""How the embedded text engine is started. Imports no tensor library: the supervisor reads it."""

import sys
from collections.abc import Mapping

from pleiade.domain import Deployment, Model, ModelFormat, ModelKind
from pleiade.engines.base import ENGINE_TOKEN_VARIABLE, EngineError, Process
from pleiade.engines.options import bearer, checked_options, flags

OPTIONS: dict[str, type] = {
    "weights": str,
    "max_batch": int,
    "kv_cache_mb": int,
    "threads": int,
    "speculation": str,
    "step_tokens": int,
    "answer_limit_s": float,
}
WEIGHTS = ("int8", "int4", "bf16")


class TextOpenvino:
    """Our continuous-batching engine for Qwen3, Qwen2, Llama, Mistral and GPT-2 shapes on CPUs."""

    name = "text_openvino"

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
        """A worker process. Raises EngineError for another kind of model or an option that is wrong."""
        if model.kind is not ModelKind.TEXT:
            raise EngineError(f"{model.id} is of the kind {model.kind}; text_openvino serves text models")
        if model.format not in (ModelFormat.SAFETENSORS, ModelFormat.GGUF):
            raise EngineError(
                f"{model.id} is in {model.format} form; text_openvino needs a safetensors folder or a GGUF file"
            )
        options = checked_options(deployment, OPTIONS)
        if options.get("weights", "int8") not in WEIGHTS:
            raise EngineError(f"weights={options['weights']!r}: choose {', '.join(WEIGHTS)}")
        if options.get("speculation", "ngram") not in ("ngram", "off"):
            raise EngineError(f"speculation={options['speculation']!r}: choose ngram or off")
        argv = [sys.executable, "-m", "pleiade.engines.text_openvino"]
        argv += ["--model", model.path, "--model-id", model.id, "--port", str(port)]
        argv += ["--queue-limit", str(queue_limit), *flags(options)]
        for name, folder in adapters.items():
            argv += ["--adapter", f"{name}={folder}"]
        return Process(
            argv=tuple(argv),
            env={ENGINE_TOKEN_VARIABLE: token},
            headers=bearer(token),
            tells_usage=True,
            loads_adapters=True,
        )
