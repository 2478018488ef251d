"""Adapters change the answers of those who ask for them, exactly as PEFT would, and nobody else's."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from engines.text_openvino.driving import request, running
from engines.text_openvino.models import HIDDEN, LAYERS, random_prompt, reference, write_folder

TARGETS = {"self_attn.q_proj": (HIDDEN, 256), "self_attn.v_proj": (HIDDEN, 128), "mlp.down_proj": (256, HIDDEN)}


def write_adapter(folder: Path, seed: int, rank: int = 4, alpha: float = 8.0, layers: int = LAYERS) -> Path:
    """A random adapter of three modules, as PEFT saves one."""
    folder.mkdir()
    generator, tensors = np.random.default_rng(seed), {}
    for layer in range(layers):
        for module, (width, height) in TARGETS.items():
            name = f"base_model.model.model.layers.{layer}.{module}"
            tensors[f"{name}.lora_A.weight"] = generator.normal(0, 0.2, (rank, width)).astype(np.float32)
            tensors[f"{name}.lora_B.weight"] = generator.normal(0, 0.2, (height, rank)).astype(np.float32)
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": alpha, "target_modules": sorted(TARGETS)}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


def merged_logits(folder: Path, tokens: list[int]) -> np.ndarray:
    """Logits of transformers with the adapter added to the weights: W + alpha / rank * B A."""
    from safetensors.torch import load_file

    config, pairs = (
        json.loads((folder / "adapter_config.json").read_text()),
        load_file(folder / "adapter_model.safetensors"),
    )
    model = reference("qwen3")
    kept = {name: value.clone() for name, value in model.state_dict().items()}
    state = model.state_dict()
    for name in pairs:
        if name.endswith("lora_A.weight"):
            module = name.removeprefix("base_model.model.").removesuffix(".lora_A.weight")
            change = pairs[name.replace("lora_A", "lora_B")] @ pairs[name]
            state[f"{module}.weight"] += config["lora_alpha"] / config["r"] * change
    try:
        with torch.no_grad():
            return model(torch.tensor([tokens])).logits[0].numpy()
    finally:
        model.load_state_dict(kept)


def test_adapters_and_the_bare_model_share_a_batch(tmp_path: Path) -> None:
    model = write_folder("qwen3", tmp_path / "model")
    folders = {"one": write_adapter(tmp_path / "one", 1), "two": write_adapter(tmp_path / "two", 2, rank=8)}
    prompt = random_prompt(70, 5)
    with running(model) as driver:
        (bare,) = driver.run(request("before", prompt))
        for name, folder in folders.items():
            driver.engine.load_adapter(name, str(folder))
        answers = driver.run(request("bare", prompt), *(request(name, prompt, adapter=name) for name in folders))
        again = driver.run(request("again", prompt, adapter="two"))[0]
    assert answers[0] == bare
    for (name, folder), answer in zip(folders.items(), answers[1:], strict=True):
        likeliest = merged_logits(folder, [*prompt, *answer]).argmax(axis=1)
        assert likeliest[len(prompt) - 1 : -1].tolist() == answer, name
        assert answer != bare
    assert again == answers[2]
    assert driver.events["two", 0][0].cached_tokens == 0  # keys and values of others are not its own
    assert driver.events["again", 0][0].cached_tokens == 64


def test_an_unloaded_adapter_is_gone_and_a_new_one_of_its_name_takes_nothing_from_it(tmp_path: Path) -> None:
    model, prompt = write_folder("qwen3", tmp_path / "model"), random_prompt(70, 6)
    with running(model) as driver:
        driver.engine.load_adapter("mine", str(write_adapter(tmp_path / "old", 1)))
        (old,) = driver.run(request("old", prompt, adapter="mine"))
        driver.engine.unload_adapter("mine")
        with pytest.raises(ValueError, match="mine"):
            driver.submit(request("gone", prompt, adapter="mine"))
        with pytest.raises(ValueError, match="mine"):
            driver.engine.unload_adapter("mine")
        driver.engine.load_adapter("mine", str(write_adapter(tmp_path / "new", 9)))
        assert driver.run(request("new", prompt, adapter="mine"))[0] != old
    assert driver.events["new", 0][0].cached_tokens == 0


def test_what_is_no_fitting_adapter_is_refused(tmp_path: Path) -> None:
    with running(write_folder("qwen3", tmp_path / "model")) as driver:
        with pytest.raises(ValueError, match="adapter_config"):
            driver.engine.load_adapter("x", str(tmp_path))
        with pytest.raises(ValueError, match="another one"):
            driver.engine.load_adapter("x", str(write_adapter(tmp_path / "deeper", 1, layers=LAYERS + 1)))
        dora = write_adapter(tmp_path / "dora", 1)
        config = json.loads((dora / "adapter_config.json").read_text())
        (dora / "adapter_config.json").write_text(json.dumps(config | {"use_dora": True}))
        with pytest.raises(ValueError, match="plain LoRA"):
            driver.engine.load_adapter("x", str(dora))
