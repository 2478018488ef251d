"""How the picture engine is started. Imports no tensor library: the supervisor reads it."""

import sys
from collections.abc import Mapping

from pleiade.domain import Deployment, Model, ModelFormat, ModelKind
from pleiade.engines.base import ENGINE_TOKEN_VARIABLE, EngineError, Process
from pleiade.engines.options import bearer, checked_options, flags

OPTIONS: dict[str, type] = {"precision": str, "max_batch": int, "threads": int}
PRECISIONS = ("bf16", "f32")
BATCHES = (1, 2, 4, 8)


class ImageOpenvino:
    """Our picture models (PleiadePix folders) on CPUs."""

    name = "image_openvino"

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
        if model.kind is not ModelKind.IMAGE or model.format is not ModelFormat.ONNX:
            raise EngineError(
                f"{model.id} is not a picture model in a folder of ONNX graphs, as `pleiade train` exports them"
            )
        if adapters:
            raise EngineError(f"image_openvino loads no adapters; remove {', '.join(adapters)}")
        options = checked_options(deployment, OPTIONS)
        if options.get("precision", "bf16") not in PRECISIONS:
            raise EngineError(f"precision={options['precision']!r}: choose {' or '.join(PRECISIONS)}")
        if options.get("max_batch", 4) not in BATCHES:
            raise EngineError(f"max_batch={options['max_batch']}: choose 1, 2, 4 or 8")
        argv = [sys.executable, "-m", "pleiade.engines.image_openvino"]
        argv += ["--model", model.path, "--model-id", model.id, "--port", str(port)]
        argv += ["--queue-limit", str(queue_limit), *flags(options)]
        if model.sha256:
            argv += ["--sha256", model.sha256]
        return Process(
            argv=tuple(argv),
            env={ENGINE_TOKEN_VARIABLE: token},
            headers=bearer(token),
            extra_usage=False,
            tells_usage=True,
        )
