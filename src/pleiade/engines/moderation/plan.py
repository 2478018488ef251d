"""How the moderation engine is started. Imports no tensor library: the supervisor reads it."""

import sys
from collections.abc import Mapping

from pleiade.domain import Deployment, Model, ModelFormat, ModelKind
from pleiade.engines.base import ENGINE_TOKEN_VARIABLE, EngineError, Process
from pleiade.engines.options import bearer, checked_options


class Moderation:
    """Our own classifier of harms, on any CPU."""

    name = "moderation"

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
        """A worker process. Raises EngineError for another kind of model, options or adapters: it has none."""
        if model.kind is not ModelKind.MODERATION or model.format is not ModelFormat.SAFETENSORS:
            raise EngineError(f"{model.id} is not a moderation model of ours (`pleiade train moderation` makes one)")
        if adapters:
            raise EngineError(f"moderation loads no adapters; remove {', '.join(adapters)}")
        checked_options(deployment, {})
        argv = [sys.executable, "-m", "pleiade.engines.moderation"]
        argv += ["--model", model.path, "--model-id", model.id, "--port", str(port), "--queue-limit", str(queue_limit)]
        if model.sha256:
            argv += ["--sha256", model.sha256]
        return Process(argv=tuple(argv), env={ENGINE_TOKEN_VARIABLE: token}, headers=bearer(token), extra_usage=False)
