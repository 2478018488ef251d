"""How the reward engine is started. Imports no tensor library: the supervisor reads it."""

import sys
from collections.abc import Mapping

from pleiade.domain import Deployment, Model, ModelFormat, ModelKind
from pleiade.engines.base import ENGINE_TOKEN_VARIABLE, EngineError, Process
from pleiade.engines.options import bearer, checked_options, flags

OPTIONS: dict[str, type] = {"weights": str, "threads": int}
WEIGHTS = ("bf16", "f32", "int8")


class RewardOpenvino:
    """Reward models of the shapes that text_openvino runs (…ForSequenceClassification with one label) on CPUs."""

    name = "reward_openvino"

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
        if model.kind is not ModelKind.REWARD or model.format is not ModelFormat.SAFETENSORS:
            raise EngineError(f"{model.id} is not a reward model in a safetensors folder")
        if adapters:
            raise EngineError(f"reward_openvino loads no adapters; remove {', '.join(adapters)}")
        options = checked_options(deployment, OPTIONS)
        if options.get("weights", "bf16") not in WEIGHTS:
            raise EngineError(f"weights={options['weights']!r}: choose {', '.join(WEIGHTS)}")
        argv = [sys.executable, "-m", "pleiade.engines.reward_openvino"]
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
