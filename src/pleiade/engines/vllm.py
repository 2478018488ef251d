"""vLLM, the engine of choice on GPUs: started where it is installed, or called where it already runs."""

import os
import shlex
import shutil
from collections.abc import Mapping
from pathlib import Path

import msgspec

from pleiade.domain import Deployment, Model, ModelFormat, ModelKind
from pleiade.engines.base import EngineError, Process, Remote
from pleiade.engines.options import bearer, checked_options
from pleiade.engines.upstream import OPTIONS as UPSTREAM_OPTIONS
from pleiade.engines.upstream import Upstream

OPTIONS: dict[str, type] = {
    "command": str,  # where `vllm` is, if not on the PATH
    "dtype": str,
    "max_model_len": int,
    "max_num_seqs": int,
    "gpu_memory_utilization": float,
    "tensor_parallel_size": int,
    "quantization": str,
    "arguments": str,  # further arguments, as one would type them
    "ready_timeout_s": float,  # a first start may compile kernels for minutes
}

GUARD = "pleiade_vllm_guard.RequireToken"  # vLLM leaves some routes open to every user of the machine
DRAIN_S = "3600"  # without it, SIGTERM aborts running answers; the supervisor has the shorter patience
GUARD_FOLDER = Path(__file__).parent / "vllm_guard"


class Vllm:
    """`vllm serve` as a child process, or a running one behind the option `url`."""

    name = "vllm"

    def plan(
        self,
        deployment: Deployment,
        model: Model,
        *,
        port: int,
        token: str,
        queue_limit: int,
        adapters: Mapping[str, str],
    ) -> Process | Remote:
        """What to start or call. Raises EngineError where vLLM is not installed or cannot serve the model."""
        if "url" in deployment.options:
            known = {name: deployment.options[name] for name in deployment.options if name in UPSTREAM_OPTIONS}
            remote = Upstream().plan(
                msgspec.structs.replace(deployment, options={"extra_usage": True, **known}),
                model,
                port=port,
                token=token,
                queue_limit=queue_limit,
                adapters=adapters,
            )
            return msgspec.structs.replace(remote, usage_per_choice=True)
        options = checked_options(deployment, OPTIONS)
        if model.kind not in (ModelKind.TEXT, ModelKind.EMBEDDING) or model.format is not ModelFormat.SAFETENSORS:
            raise EngineError(
                f"{model.id}: vLLM is started here for text and embedding models in safetensors folders "
                "(a reward model runs on reward_openvino)"
            )
        command = shutil.which(str(options.pop("command", "vllm")))
        if command is None:
            raise EngineError(
                "vLLM is not installed here (no `vllm` on the PATH). Install it in an environment of its own "
                "(pip install vllm) and set the option command=/path/to/vllm, or set url=… of a running server"
            )
        more = shlex.split(str(options.pop("arguments", "")))
        timeout = float(options.pop("ready_timeout_s", 900.0))
        argv = [command, "serve", model.path, "--host", "127.0.0.1", "--port", str(port)]
        argv += ["--served-model-name", model.id, "--middleware", GUARD]
        argv += ["--shutdown-timeout", DRAIN_S, *adapter_flags(adapters)]
        if "max_num_seqs" in options:  # its queue has no end otherwise; the flag counts running and waiting together
            argv += ["--max-num-queued-reqs", str(int(options["max_num_seqs"]) + queue_limit)]
        for name, value in options.items():
            argv += [f"--{name.replace('_', '-')}", str(value)]
        return Process(
            argv=(*argv, *more),
            env={
                "VLLM_API_KEY": token,  # not in argv: every user of the machine may read that
                "VLLM_NO_USAGE_STATS": "1",  # it would tell its makers what runs here
                "PYTHONPATH": os.pathsep.join(filter(None, [str(GUARD_FOLDER), os.environ.get("PYTHONPATH", "")])),
            },
            headers=bearer(token),
            ready_timeout_s=timeout,
            send_model=model.id,  # adapters' endpoints send their own names
            usage_per_choice=True,
        )


def adapter_flags(adapters: Mapping[str, str]) -> list[str]:
    """vLLM's spelling of LoRA adapters: `--enable-lora --lora-modules name=folder …`."""
    if not adapters:
        return []
    return ["--enable-lora", "--lora-modules", *(f"{name}={folder}" for name, folder in adapters.items())]
