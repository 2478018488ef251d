"""People's own models are fine-tuned: each method makes them better, and what comes out is served as it was trained."""

import dataclasses
import json
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from tuning import QUESTIONS, chat_file, preference_file, user, write_lines, write_model

from engines.worker_process import run_worker
from pleiade.domain.examples import Example
from pleiade.lab.tune.config import AdapterConfig, TuneConfig
from pleiade.lab.tune.errors import TuneError
from pleiade.lab.tune.report import TuneReport
from pleiade.lab.tune.rewards import scored
from pleiade.lab.tune.tune import tune
from pleiade.registry import inspect_model

ANSWER = "I am a small cat."


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model's folder."""
    return write_model(tmp_path_factory.mktemp("tune") / "tiny")


def config(model: Path, method: str, examples: Path, **more: Any) -> TuneConfig:
    """A fine-tune of seconds: a small adapter that learns fast."""
    fields: dict[str, Any] = {"adapter": AdapterConfig(8, 16.0), "n_epochs": 4, "log_steps": 100, **more}
    fields.setdefault("learning_rate_multiplier", 50.0)
    return TuneConfig(method, str(model), str(examples), **fields)


def done(config: TuneConfig, run: Path) -> TuneReport:
    """The report of a fine-tune that must finish."""
    report = tune(config, run)
    assert report is not None
    return report


@pytest.fixture(scope="module")
def sft(model: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[TuneConfig, Path, TuneReport]:
    """An adapter that has learned one answer, its run and its report."""
    folder = tmp_path_factory.mktemp("sft")
    wanted = config(model, "sft", chat_file(folder / "chat.jsonl", answer=ANSWER), checkpoint_steps=6)
    return wanted, folder / "run", done(wanted, folder / "run")


def test_an_adapter_learns_and_says_how_much(sft: tuple[TuneConfig, Path, TuneReport]) -> None:
    wanted, run, report = sft
    assert report.improved
    assert report.after < 0.5 < report.before
    assert (report.unseen, report.num_examples, report.num_measured) == (True, 23, 1)
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows] == list(range(1, report.steps + 1))
    assert rows[-1]["loss"] < rows[0]["loss"] / 4
    assert rows[-1]["tokens"] == report.trained_tokens
    assert {"scale", "lr", "grad_norm", "seconds", "tokens_per_s"} <= set(rows[0])
    events = [json.loads(line) for line in (run / "events.jsonl").read_text().splitlines()]
    assert events[-1]["event"] == "finished"
    plan = next(event["message"] for event in events if event["event"] == "message")
    assert "trainable            0.02 M of 0.12 M parameters (an adapter of rank 8)" in plan
    assert json.loads((run / "report.json").read_text())[0]["stage"] == "sft"
    assert tune(wanted, run) == report  # done already: nothing is trained again


@pytest.mark.filterwarnings("ignore::FutureWarning")  # of PEFT to transformers
def test_our_engine_serves_the_adapter_and_says_what_peft_says(
    sft: tuple[TuneConfig, Path, TuneReport], tmp_path: Path
) -> None:
    wanted, run, _ = sft
    found = inspect_model(run / "export")
    assert (found.format.value, found.base) == ("adapter", wanted.model)
    arguments = ["--model", wanted.model, "--model-id", "tiny", "--adapter", f"mine={run / 'export'}"]
    asked = {"messages": [user(QUESTIONS[0])], "temperature": 0, "max_tokens": 24}
    with run_worker("pleiade.engines.text_openvino", arguments, tmp_path / "log") as worker:
        answers = {
            name: worker.ok("/chat/completions", model=name, **asked)["choices"][0]["message"]["content"]
            for name in ("tiny", "mine")
        }
    assert answers["mine"] == ANSWER == peft_answer(Path(wanted.model), run / "export")
    assert answers["tiny"] != ANSWER


def peft_answer(base: Path, adapter: Path) -> str:
    """What transformers with PEFT answers to the first question, greedily."""
    from peft import PeftModel
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(base)
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32), str(adapter))
    asked = tokenizer.apply_chat_template(
        [user(QUESTIONS[0])], add_generation_prompt=True, return_tensors="pt", return_dict=True
    )
    told = model.generate(**asked, max_new_tokens=24, do_sample=False, repetition_penalty=1.0)
    return str(tokenizer.decode(told[0, asked["input_ids"].shape[1] :], skip_special_tokens=True))


@pytest.mark.timeout(600)  # a second process imports all of it again
def test_a_killed_run_goes_on_to_the_same_weights(sft: tuple[TuneConfig, Path, TuneReport], tmp_path: Path) -> None:
    wanted, whole, report = sft
    run = tmp_path / "run"
    script = Path(__file__).parent / "killed_tune.py"
    text = json.dumps(dataclasses.asdict(wanted))
    killed = subprocess.run([sys.executable, str(script), text, str(run), "11"], capture_output=True, text=True)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    half = shutil.copytree(run / "checkpoints" / "checkpoint-6", run / "checkpoints" / "checkpoint-9")
    (half / "complete").unlink()  # as a kill in the middle of writing leaves it
    assert done(wanted, run) == dataclasses.replace(
        report, output=str(run / "export"), seconds=pytest.approx(0, abs=1e6)
    )
    ours, theirs = (load_file(path / "export" / "adapter_model.safetensors") for path in (run, whole))
    assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    steps = [json.loads(line)["step"] for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert steps == list(range(1, report.steps + 1))


def test_a_run_does_not_go_on_as_another(sft: tuple[TuneConfig, Path, TuneReport]) -> None:
    wanted, run, _ = sft
    with pytest.raises(TuneError, match=r"config.seed|seed: 1 there, 2 here"):
        tune(dataclasses.replace(wanted, seed=2), run)


def test_a_whole_model_is_tuned_into_a_folder_that_loads(model: Path, tmp_path: Path) -> None:
    from transformers import AutoModelForCausalLM

    wanted = config(model, "sft", chat_file(tmp_path / "chat.jsonl"), adapter=None, learning_rate_multiplier=200.0)
    report = done(dataclasses.replace(wanted, n_epochs=3), tmp_path / "run")
    assert report.improved
    assert not report.adapter
    export = tmp_path / "run" / "export"
    assert inspect_model(export).format.value == "safetensors"
    assert (export / "tokenizer.json").read_bytes() == (model / "tokenizer.json").read_bytes()
    before, after = (AutoModelForCausalLM.from_pretrained(path) for path in (model, export))
    assert not torch.equal(before.model.embed_tokens.weight, after.model.embed_tokens.weight)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_a_reward_model_learns_pairs_and_judges_answers(model: Path, tmp_path: Path) -> None:
    wanted = config(model, "reward", preference_file(tmp_path / "pairs.jsonl"), n_epochs=3)
    report = done(wanted, tmp_path / "run")
    assert (report.metric, report.after) == ("accuracy on pairs", 1.0)
    judge = scored(tmp_path / "run" / "export", torch.device("cpu"))
    asked = Example(1, (user("Who is it?"),))
    good, bad = judge([asked, asked], [ANSWER, "The dog sings in Paris."])
    assert good > bad


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_dpo_trains_an_adapter_further(sft: tuple[TuneConfig, Path, TuneReport], tmp_path: Path) -> None:
    start = sft[1] / "export"
    wanted = config(start, "dpo", preference_file(tmp_path / "pairs.jsonl"), n_epochs=2, learning_rate_multiplier=500.0)
    report = done(wanted, tmp_path / "run")
    assert report.before == pytest.approx(0.693, abs=0.001)  # a model is as good as itself
    assert report.after < 0.3
    export = tmp_path / "run" / "export"
    assert inspect_model(export).base == sft[0].model
    assert sorted(path.name for path in export.iterdir()) == sorted(path.name for path in start.iterdir())


def test_grpo_earns_more_of_a_grader(model: Path, tmp_path: Path) -> None:
    rows = [{"messages": [user(text)], "word": "a"} for text in QUESTIONS]
    grader = {
        "type": "string_check",
        "name": "has it",
        "input": "{{sample.output_text}}",
        "reference": "{{item.word}}",
        "operation": "like",
    }
    (tmp_path / "grader.json").write_text(json.dumps(grader))
    wanted = config(
        model,
        "grpo",
        write_lines(tmp_path / "prompts.jsonl", rows),
        grader=str(tmp_path / "grader.json"),
        adapter=None,
        learning_rate_multiplier=3000.0,
        max_answer_tokens=4,
        batch_size=32,
        n_epochs=10,
        held_aside=2,
    )
    report = done(wanted, tmp_path / "run")
    assert report.after > report.before + 0.2
