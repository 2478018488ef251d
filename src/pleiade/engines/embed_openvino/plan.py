"""How the embedding engine is started. Imports no tensor library: the supervisor reads it."""

import sys
from collections.abc import Mapping

from pleiade.domain import Deployment, Model, ModelFormat, ModelKind
from pleiade.engines.base import ENGINE_TOKEN_VARIABLE, EngineError, Process
from pleiade.engines.options import bearer, checked_options, flags

OPTIONS: dict[str, type] = {"threads": int}


class EmbedOpenvino:
    """Sentence encoders of BERT's shape on CPUs."""

    name = "embed_openvino"

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
        if model.kind is not ModelKind.EMBEDDING or model.format is not ModelFormat.SAFETENSORS:
            raise EngineError(f"{model.id} is not a sentence encoder in a safetensors folder")
        if model.architecture not in ("BertModel", ""):
            raise EngineError(
                f"{model.id} is a {model.architecture}; embed_openvino runs BertModel encoders. Serve it elsewhere "
                "(say, with vLLM) and deploy it with the engine `upstream`"
            )
        if adapters:
            raise EngineError(f"embed_openvino loads no adapters; remove {', '.join(adapters)}")
        argv = [sys.executable, "-m", "pleiade.engines.embed_openvino"]
        argv += ["--model", model.path, "--model-id", model.id, "--port", str(port)]
        argv += ["--queue-limit", str(queue_limit), *flags(checked_options(deployment, OPTIONS))]
        if model.sha256:
            argv += ["--sha256", model.sha256]
        return Process(
            argv=tuple(argv),
            env={ENGINE_TOKEN_VARIABLE: token},
            headers=bearer(token),
            extra_usage=False,
            tells_usage=True,
        )
