"""How the diffusers worker is started. Imports no tensor library: the supervisor reads it."""

import importlib.util
import shutil
import sys
from collections.abc import Mapping

from pleiade.domain import Deployment, Model, ModelFormat, ModelKind
from pleiade.engines.base import ENGINE_TOKEN_VARIABLE, EngineError, Process
from pleiade.engines.options import bearer, checked_options, flags

OPTIONS: dict[str, type] = {
    "python": str,  # of another environment, in which pleiade[pictures] is installed
    "device": str,  # cuda, mps, cpu
    "dtype": str,
    "offload": bool,
    "steps": int,
    "guidance": float,
    "strength": float,
    "max_batch": int,
    "threads": int,
    "ready_timeout_s": float,
}
DTYPES = ("bf16", "f16", "f32")
NEEDED = ("torch", "diffusers", "transformers")
INSTALL = "pip install 'pleiade[pictures]'"


class ImageDiffusers:
    """Any text-to-image pipeline that diffusers can load from a folder."""

    name = "image_diffusers"

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
        """A worker process. Raises EngineError for another kind of model, a wrong option, or without diffusers."""
        if model.kind is not ModelKind.IMAGE or model.format is not ModelFormat.SAFETENSORS:
            raise EngineError(f"{model.id} is not a diffusers folder (model_index.json with *.safetensors)")
        if adapters:
            raise EngineError(f"image_diffusers loads no adapters; remove {', '.join(adapters)}")
        options = checked_options(deployment, OPTIONS)
        if options.get("dtype", "bf16") not in DTYPES:
            raise EngineError(f"dtype={options['dtype']!r}: choose {', '.join(DTYPES)}")
        if not 0 < float(options.get("strength", 0.6)) <= 1:
            raise EngineError(f"strength={options['strength']}: choose above 0 and up to 1")
        for name in ("steps", "max_batch"):
            if int(options.get(name, 1)) < 1:
                raise EngineError(f"{name}={options[name]}: choose 1 or more")
        timeout = float(options.pop("ready_timeout_s", 900.0))
        argv = [_python(str(options.pop("python", ""))), "-m", "pleiade.engines.image_diffusers"]
        argv += ["--model", model.path, "--model-id", model.id, "--port", str(port)]
        offload = ["--offload"] if options.pop("offload", False) else []
        return Process(
            argv=(*argv, "--queue-limit", str(queue_limit), *offload, *flags(options)),
            env={ENGINE_TOKEN_VARIABLE: token, "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"},
            headers=bearer(token),
            extra_usage=False,
            tells_usage=True,
            ready_timeout_s=timeout,  # tens of gigabytes are read
        )


def _python(given: str) -> str:
    """The interpreter to start. Raises EngineError where it is missing, or has no diffusers."""
    if given:
        found = shutil.which(given)
        if found is None:
            raise EngineError(f"python={given!r} is no program: give the path of that environment's bin/python")
        return found
    missing = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if missing:
        raise EngineError(
            f"{', '.join(missing)} not installed here. Add it: {INSTALL}, or install that in an environment of its "
            "own and set the option python=/path/to/its/bin/python"
        )
    return sys.executable
