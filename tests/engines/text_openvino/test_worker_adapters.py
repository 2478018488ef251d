"""LoRA adapters of the text worker, called as models of their own names, over real HTTP."""

import json
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from engines.tiny_model import HIDDEN
from engines.worker_process import run_worker


def write_adapter(folder: Path) -> Path:
    """An adapter of one projection of the tiny model, strong enough to be seen."""
    folder.mkdir()
    random = np.random.default_rng(3)
    name = "base_model.model.model.layers.0.mlp.up_proj"
    tensors = {
        f"{name}.lora_A.weight": random.normal(0, 1, (4, HIDDEN)).astype(np.float32),
        f"{name}.lora_B.weight": random.normal(0, 1, (128, 4)).astype(np.float32),
    }
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": 4, "lora_alpha": 8, "target_modules": ["up_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def test_an_adapter_answers_under_its_name_and_a_broken_one_harms_nobody(tiny_model: Path, tmp_path: Path) -> None:
    good = write_adapter(tmp_path / "good")
    broken = tmp_path / "broken"
    broken.mkdir()
    arguments = ["--model", str(tiny_model), "--model-id", "tiny"]
    arguments += ["--adapter", f"good={good}", "--adapter", f"broken={broken}"]
    with run_worker("pleiade.engines.text_openvino", arguments, tmp_path / "log") as worker:
        listed = worker.client.get("/v1/models").json()["data"]
        assert [item["id"] for item in listed] == ["tiny", "good"]
        request = {"prompt": "abcdef", "max_tokens": 0, "echo": True, "logprobs": 0}
        base = worker.ok("/completions", model="an-alias", **request)
        adapted = worker.ok("/completions", model="good", **request)
        assert (base["model"], adapted["model"]) == ("tiny", "good")
        scores = [answer["choices"][0]["logprobs"]["token_logprobs"][1:] for answer in (base, adapted)]
        assert np.abs(np.subtract(*scores)).max() > 0.1
        refused = worker.post("/completions", model="broken", prompt="x")
        assert (refused.status_code, refused.json()["error"]["code"]) == (404, "model_not_found")


def test_adapters_come_and_go_while_the_engine_runs(tiny_model: Path, tmp_path: Path) -> None:
    good, broken = write_adapter(tmp_path / "good"), tmp_path / "broken"
    broken.mkdir()
    request = {"prompt": "abcdef", "max_tokens": 0, "echo": True, "logprobs": 0}
    with run_worker(
        "pleiade.engines.text_openvino", ["--model", str(tiny_model), "--model-id", "tiny"], tmp_path / "log"
    ) as worker:
        before = worker.ok("/completions", model="good", **request)
        worker.ok("/adapters", name="good", folder=str(good))
        after = worker.ok("/completions", model="good", **request)
        assert (before["model"], after["model"]) == ("tiny", "good")
        assert before["choices"] != after["choices"]
        refused = worker.post("/adapters", name="broken", folder=str(broken))
        assert refused.status_code == 400
        assert "adapter_config.json" in refused.json()["error"]["message"]
        assert worker.ok("/completions", model="tiny", **request)["choices"] == before["choices"]
        worker.ok("/adapters/unload", name="good")
        worker.ok("/adapters/unload", name="good")  # twice changes nothing
        assert worker.ok("/completions", model="good", **request)["model"] == "tiny"
