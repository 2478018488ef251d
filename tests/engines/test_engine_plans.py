"""Each kind of engine plans what to start or where to call, and says no in clear words."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from pleiade.domain import Deployment, Model, ModelFormat, ModelKind
from pleiade.engines.base import EngineError, Process, Remote
from pleiade.engines.catalogue import ENGINES
from pleiade.engines.vllm import GUARD_FOLDER

FOLDER = Model(id="m", kind=ModelKind.TEXT, format=ModelFormat.SAFETENSORS, path="/models/m")
GGUF = Model(id="g", kind=ModelKind.TEXT, format=ModelFormat.GGUF, path="/models/g.gguf")
ENCODER = Model(id="e", kind=ModelKind.EMBEDDING, format=ModelFormat.SAFETENSORS, path="/models/e", sha256="ab")
PICTURES = Model(id="p", kind=ModelKind.IMAGE, format=ModelFormat.ONNX, path="/models/p", sha256="ab")
PIPELINE = Model(id="d", kind=ModelKind.IMAGE, format=ModelFormat.SAFETENSORS, path="/models/d")
SCORER = Model(id="s", kind=ModelKind.REWARD, format=ModelFormat.SAFETENSORS, path="/models/s", sha256="ab")
AWAY = Model(id="r", kind=ModelKind.TEXT, format=ModelFormat.REMOTE)


def plan(
    engine: str, model: Model, adapters: dict[str, str] | None = None, /, **options: str | float | bool
) -> Process | Remote:
    deployment = Deployment(name="d", model=model.id, engine=engine, options=options)
    return ENGINES[engine].plan(deployment, model, port=4100, token="secret", queue_limit=7, adapters=adapters or {})


def test_reading_the_catalogue_loads_no_tensor_library() -> None:
    program = (
        "import sys, pleiade.engines.catalogue; "
        "print([m for m in ('openvino', 'numpy', 'xllamacpp', 'torch', 'tokenizers') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_every_engine_is_found_by_its_own_name() -> None:
    ours = {f"{kind}_openvino" for kind in ("text", "embed", "reward", "image")}
    assert set(ENGINES) == ours | {"moderation", "text_llamacpp", "image_diffusers", "upstream", "vllm"}
    assert all(engine.name == name for name, engine in ENGINES.items())


@pytest.mark.parametrize(
    ("engine", "model"),
    [
        ("text_openvino", FOLDER),
        ("embed_openvino", ENCODER),
        ("reward_openvino", SCORER),
        ("image_openvino", PICTURES),
        ("text_llamacpp", GGUF),
    ],
)
def test_our_workers_get_model_port_and_queue_and_keep_the_token_out_of_argv(engine: str, model: Model) -> None:
    process = plan(engine, model)
    assert isinstance(process, Process)
    line = " ".join(process.argv)
    assert f"-m pleiade.engines.{engine} --model {model.path} --model-id {model.id} --port 4100" in line
    assert "--queue-limit 7" in line
    assert "secret" not in line
    assert process.env == {"PLEIADE_ENGINE_TOKEN": "secret"}
    assert process.headers == {"authorization": "Bearer secret"}


def test_options_become_flags_and_adapters_are_named() -> None:
    process = plan("text_openvino", FOLDER, {"fr": "/lora/fr"}, weights="int4", kv_cache_mb="512")
    assert isinstance(process, Process)
    line = " ".join(process.argv)
    assert "--weights int4" in line
    assert "--kv-cache-mb 512" in line
    assert "--adapter fr=/lora/fr" in line


@pytest.mark.parametrize(
    ("engine", "model", "options", "words"),
    [
        ("text_openvino", ENCODER, {}, "serves text models"),
        ("text_openvino", AWAY, {}, "needs a safetensors folder"),
        ("text_openvino", FOLDER, {"weights": "int3"}, "choose int8"),
        ("text_openvino", FOLDER, {"threads": "two", "colour": 1}, "'colour' is not known"),
        ("embed_openvino", FOLDER, {}, "not a sentence encoder"),
        ("reward_openvino", FOLDER, {}, "not a reward model"),
        ("reward_openvino", SCORER, {"weights": "int4"}, "choose bf16"),
        ("text_openvino", SCORER, {}, "serves text models"),
        ("image_openvino", FOLDER, {}, "not a picture model"),
        ("image_openvino", PICTURES, {"precision": "int8"}, "choose bf16"),
        ("image_openvino", PIPELINE, {}, "not a picture model"),
        ("image_diffusers", PICTURES, {}, "not a diffusers folder"),
        ("image_diffusers", FOLDER, {}, "not a diffusers folder"),
        ("image_diffusers", PIPELINE, {"dtype": "int8"}, "choose bf16"),
        ("image_diffusers", PIPELINE, {"strength": 0}, "above 0"),
        ("image_diffusers", PIPELINE, {"steps": 0}, "1 or more"),
        ("image_diffusers", PIPELINE, {"python": "/no/such/python"}, "bin/python"),
        ("text_llamacpp", FOLDER, {}, "serves GGUF files"),
        ("upstream", AWAY, {}, "must be an http"),
        ("upstream", AWAY, {"url": "https://user:key@host/v1"}, "not inside the URL"),
        ("upstream", AWAY, {"url": "https://h/v1", "key_env": "NO_SUCH_VARIABLE"}, "NO_SUCH_VARIABLE"),
        ("upstream", AWAY, {"url": "https://h", "api_version": "2024-10-21"}, "azure_deployment"),
        ("vllm", GGUF, {}, "safetensors folders"),
        ("vllm", FOLDER, {"command": "no-such-vllm"}, "not installed"),
    ],
)
def test_what_cannot_be_served_is_said(
    engine: str, model: Model, options: dict[str, str | float | bool], words: str
) -> None:
    with pytest.raises(EngineError, match=words):
        plan(engine, model, **options)


def test_diffusers_runs_where_it_is_installed_and_asks_nobody_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    process = plan("image_diffusers", PIPELINE, python=sys.executable, offload=True, steps=4, ready_timeout_s=9)
    assert process == Process(
        argv=(
            *(sys.executable, "-m", "pleiade.engines.image_diffusers", "--model", "/models/d", "--model-id", "d"),
            *("--port", "4100", "--queue-limit", "7", "--offload", "--steps", "4"),
        ),
        env={"PLEIADE_ENGINE_TOKEN": "secret", "HF_HUB_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"},
        headers={"authorization": "Bearer secret"},
        extra_usage=False,
        tells_usage=True,
        ready_timeout_s=9,
    )
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)  # as in an environment without any of them
    with pytest.raises(EngineError, match=r"pip install 'pleiade\[pictures\]'"):
        plan("image_diffusers", PIPELINE)


def test_an_upstream_is_called_with_its_own_key_and_model(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THEIR_KEY", "sk-theirs")
    remote = plan("upstream", AWAY, url="https://host/v1/?tenant=a", key_env="THEIR_KEY", model="gpt-4o")
    assert remote == Remote(
        url="https://host/v1",
        query="tenant=a",
        headers={"authorization": "Bearer sk-theirs"},
        send_model="gpt-4o",
    )
    assert plan("upstream", AWAY, url="http://localhost:9/v1") == Remote(url="http://localhost:9/v1", send_model="r")


def test_an_azure_resource_is_called_its_own_way() -> None:
    remote = plan(
        "upstream",
        AWAY,
        url="https://my.openai.azure.com/",
        key="k",
        api_version="2024-10-21",
        azure_deployment="my gpt",
    )
    assert remote == Remote(
        url="https://my.openai.azure.com/openai/deployments/my%20gpt",
        query="api-version=2024-10-21",
        headers={"api-key": "k"},
        send_model="my gpt",
    )


def test_vllm_is_started_with_its_own_flags(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", "/their/own")
    program = tmp_path / "vllm"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    process = plan("vllm", FOLDER, command=str(program), max_model_len=4096, arguments="--enforce-eager --swap-space 2")
    assert process == Process(
        argv=(
            *(str(program), "serve", "/models/m", "--host", "127.0.0.1", "--port", "4100"),
            *("--served-model-name", "m", "--middleware", "pleiade_vllm_guard.RequireToken"),
            *("--shutdown-timeout", "3600"),
            *("--max-model-len", "4096", "--enforce-eager", "--swap-space", "2"),
        ),
        env={"VLLM_API_KEY": "secret", "VLLM_NO_USAGE_STATS": "1", "PYTHONPATH": f"{GUARD_FOLDER}:/their/own"},
        headers={"authorization": "Bearer secret"},
        ready_timeout_s=900.0,
        send_model="m",
        usage_per_choice=True,
    )
    adapted = plan("vllm", FOLDER, {"fr": "/lora/fr"}, command=str(program))
    assert isinstance(adapted, Process)
    assert "--enable-lora --lora-modules fr=/lora/fr" in " ".join(adapted.argv)


def test_vllms_queue_is_as_long_as_ours_where_its_batch_is_known(tmp_path: Path) -> None:
    program = tmp_path / "vllm"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    process = plan("vllm", FOLDER, command=str(program), max_num_seqs=4)
    assert isinstance(process, Process)
    assert "--max-num-queued-reqs 11 --max-num-seqs 4" in " ".join(process.argv)


def test_a_running_vllm_is_called_with_continuous_usage() -> None:
    remote = plan("vllm", FOLDER, url="http://gpu:8000/v1", key="k")
    assert isinstance(remote, Remote)
    assert remote.extra_usage
    assert remote.url == "http://gpu:8000/v1"
