"""What a run has trained so far is exported from its checkpoint: the same answers, whole or not at all."""

import resource
import shutil
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
import xllamacpp
from corpora import toy_preset, write_corpus
from transformers import AutoModelForCausalLM, AutoTokenizer
from typer.testing import CliRunner

from pleiade.cli import app
from pleiade.lab.checkpoint import latest_checkpoint, load_checkpoint
from pleiade.lab.export.from_run import export_run, read_run
from pleiade.lab.faults import told
from pleiade.lab.parallel.checkpoint import DividedCheckpoints
from pleiade.lab.presets import override
from pleiade.lab.pretrain import pretrain
from pleiade.lab.ranks import Ranks

TEXT = "What is the capital of France? The capital of France is"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that was stopped after three steps of its base."""
    folder = tmp_path_factory.mktemp("run")
    preset = override(toy_preset(write_corpus(folder / "data")), ["loop.steps=3", "loop.sample_seconds=0"])
    assert pretrain(preset, folder / "data", folder / "run" / "base").finished
    return folder / "run"


def test_the_exported_folder_answers_as_the_run_does(run: Path, tmp_path: Path) -> None:
    said: list[str] = []
    out = export_run(run, tmp_path / "model", "base", "hf", "float32", said.append)
    trained = read_run(run, tell=said.append).model
    theirs = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32)
    ids = AutoTokenizer.from_pretrained(out)(TEXT, return_tensors="pt")["input_ids"]
    with torch.no_grad():
        torch.testing.assert_close(trained(ids), theirs(ids).logits, atol=1e-5, rtol=1e-4)
    assert said[0].endswith("checkpoint-00000003.pt")
    assert "0.1 M parameters as float32" in said[1]


def test_a_divided_checkpoint_exports_like_a_whole_one(run: Path, tmp_path: Path) -> None:
    newest = latest_checkpoint(run / "base")
    assert newest is not None
    divided = tmp_path / "run"
    shutil.copytree(run, divided, ignore=shutil.ignore_patterns("checkpoint-*", "cache"))
    dist.init_process_group("gloo", store=dist.HashStore(), rank=0, world_size=1)
    try:
        checkpoints = DividedCheckpoints(divided / "base", Ranks())
        checkpoints.begin(3, load_checkpoint(newest))
        checkpoints.settle()
    finally:
        dist.destroy_process_group()
    whole, parts = (read_run(folder, tell=lambda _: None).model for folder in (run, divided))
    for (name, one), other in zip(whole.named_parameters(), parts.parameters(), strict=True):
        assert torch.equal(one, other), name


def test_llamacpp_goes_on_as_the_run_does(run: Path, tmp_path: Path) -> None:
    path = export_run(run, tmp_path / "gguf", form="gguf", quantisation="f16", tell=lambda _: None)
    assert path.name == "run-base-f16.gguf"
    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(path)
    parameters.n_ctx, parameters.n_parallel, parameters.verbosity = 256, 1, -1
    parameters.cpuparams.n_threads = 1
    server = xllamacpp.Server(parameters)
    ids = AutoTokenizer.from_pretrained(run / "base" / "tokenizer")(TEXT)["input_ids"]
    request = {"prompt": ids, "max_tokens": 1, "temperature": 0, "logprobs": 1}
    chosen = server.handle_completions(request)["choices"][0]["logprobs"]["content"][0]["id"]
    with torch.no_grad():
        logits = read_run(run, tell=lambda _: None).model(torch.tensor([ids]))[0, -1]
    assert float(logits.max() - logits[chosen]) < 0.01  # the best, or as good as the best


def test_what_cannot_be_exported_is_told_and_nothing_is_left(run: Path, tmp_path: Path) -> None:
    for arguments, message in (
        (["--stage", "chat"], "has no checkpoint of chat: it has base"),
        (["--stage", "poems"], "'poems' is not a stage: choose one of base, code, chat"),
        (["--format", "onnx"], "'onnx' is not a format: choose one of hf, gguf"),
        (["--quantize", "q4_0"], "'q4_0' is none for hf: choose one of bfloat16"),
    ):
        result = CliRunner().invoke(app, ["export", str(run), "--out", str(tmp_path / "out"), *arguments])
        assert result.exit_code == 1
        assert message in result.stderr
    with pytest.raises(FileNotFoundError, match="holds no checkpoint of any stage"):
        export_run(tmp_path, tmp_path / "out")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "file").touch()
    with pytest.raises(FileExistsError, match="name another --out"):
        export_run(run, tmp_path / "taken")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]


@pytest.mark.parametrize("form", ["hf", "gguf"])
def test_a_full_disk_leaves_nothing_half_written(run: Path, tmp_path: Path, form: str) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65_536, hard))  # a file of this process may grow no larger
    try:
        with pytest.raises(OSError, match=r"make room|requested and .* written") as full:
            export_run(run, tmp_path / "out", form=form, tell=lambda _: None)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert "make room" in told(full.value)
    assert list(tmp_path.iterdir()) == []
