"""What goes into a fine-tune: files, conversations as tokens, models; and what is said where it cannot be used."""

import json
import os
import re
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest
from tuning import assistant, chat_file, user, write_lines, write_model

from pleiade.domain.examples import Example
from pleiade.domain.graders.check import check_grader
from pleiade.lab.configuration import assign
from pleiade.lab.lock import hold
from pleiade.lab.tune.config import AdapterConfig, TuneConfig, decide
from pleiade.lab.tune.errors import TuneError
from pleiade.lab.tune.faults import SIZES, sentence
from pleiade.lab.tune.files import read_material
from pleiade.lab.tune.models import load_tokenizer
from pleiade.lab.tune.render import IGNORED, Renderer
from pleiade.lab.tune.rewards import graded, read_grader, run_python
from pleiade.lab.tune.tune import tune
from pleiade.lab.tune.watch import Watch

# Thinking is written in the last turn only, as Qwen3 does: a turn looks different once another follows.
FORGETFUL = (
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{% if m.role == 'assistant' and loop.last %}<think></think>"
    "{% endif %}{{ m.content }}<|im_end|>\n{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny model's folder."""
    return write_model(tmp_path_factory.mktemp("input") / "tiny")


def learned(renderer: Renderer, row: dict[str, Any]) -> str:
    """The text of a row's targets."""
    return str(renderer.tokenizer.decode([token for token in row["labels"] if token != IGNORED]))


def test_only_what_the_assistant_says_is_learned(model: Path) -> None:
    renderer = Renderer(load_tokenizer(model), 256)
    turns = (user("Hello?"), assistant("I am."), user("Really?"), {**assistant("No."), "weight": 0}, user("So?"))
    (row,) = renderer.chat([Example(1, (*turns, assistant("Yes.")))]).rows
    assert learned(renderer, row) == "I am.<|im_end|>Yes.<|im_end|>"
    assert "Really?" in renderer.tokenizer.decode(row["input_ids"])


def test_a_turn_that_a_template_writes_anew_is_learned_as_it_will_be_met(model: Path) -> None:
    renderer = Renderer(load_tokenizer(model), 256)
    renderer.tokenizer.chat_template = FORGETFUL
    rendered = renderer.chat([Example(1, (user("A?"), assistant("One."), user("B?"), assistant("Two.")))])
    assert [learned(renderer, row) for row in rendered.rows] == [
        "<think></think>One.<|im_end|>",
        "<think></think>Two.<|im_end|>",
    ]


def test_what_is_longer_than_the_model_is_cut_or_left_out_and_counted(model: Path) -> None:
    renderer = Renderer(load_tokenizer(model), 32)
    long = "cat " * 60
    chats = [(user("A?"), assistant("One.")), (user("A?"), assistant(long)), (user(long), assistant("One."))]
    rendered = renderer.chat([Example(line, messages) for line, messages in enumerate(chats, 1)])
    assert (len(rendered.rows), rendered.cut, rendered.left_out, rendered.longest) == (2, [2], [3], 32)
    pair = Example(4, (user("A?"),), (), (assistant(long),), (assistant("No."),))
    assert renderer.preference([pair], split=True).left_out == [4]
    assert renderer.prompts([Example(5, (user("A?"),))], 30).left_out == [5]


def test_a_pair_is_a_prompt_and_two_answers(model: Path) -> None:
    renderer = Renderer(load_tokenizer(model), 256)
    pair = Example(1, (user("A?"),), (), (assistant("Yes."),), (assistant("No."),))
    (row,) = renderer.preference([pair], split=True).rows
    assert renderer.tokenizer.decode(row["chosen_ids"]) == "Yes.<|im_end|>"
    assert renderer.tokenizer.decode(row["rejected_ids"]) == "No.<|im_end|>"
    assert renderer.tokenizer.decode(row["prompt_ids"]).endswith("A?<|im_end|>\n<|im_start|>assistant\n")


def test_what_a_template_refuses_is_told_with_its_line(model: Path) -> None:
    renderer = Renderer(load_tokenizer(model), 256)
    renderer.tokenizer.chat_template = "{{ raise_exception('no system here') }}"
    with pytest.raises(TuneError, match=r"line 7: the model's chat template refuses it: no system here"):
        renderer.chat([Example(7, (user("A?"), assistant("B.")))])


def config(examples: Path, method: str = "sft", model: str = "", **more: Any) -> TuneConfig:
    return TuneConfig(method, model, str(examples), **more)


def test_examples_with_one_question_stay_on_one_side(tmp_path: Path) -> None:
    rows = [{"messages": [user(f"Question {i // 3}?"), assistant(f"Answer {i}")]} for i in range(60)]
    material = read_material(config(write_lines(tmp_path / "x.jsonl", rows)))
    asked = [{example.prompt_key for example in part} for part in (material.learn, material.measure)]
    assert material.unseen
    assert (len(material.learn) + len(material.measure), asked[0] & asked[1]) == (60, set())
    few = read_material(config(write_lines(tmp_path / "few.jsonl", rows[:9])))
    assert (few.unseen, len(few.learn), len(few.measure)) == (False, 9, 9)


def test_files_that_cannot_be_learned_from_are_refused(tmp_path: Path) -> None:
    good = chat_file(tmp_path / "good.jsonl", 12)
    with pytest.raises(TuneError, match=r"nothing\.jsonl cannot be read \(No such file"):
        read_material(config(tmp_path / "nothing.jsonl"))
    (tmp_path / "empty.jsonl").write_text("\n\n")
    with pytest.raises(TuneError, match="is empty: give one example a line"):
        read_material(config(tmp_path / "empty.jsonl"))
    with pytest.raises(TuneError, match=r"12 lines that cannot be learned from:\n  line 1: has no object 'input'"):
        read_material(config(good, "dpo"))
    same = write_lines(tmp_path / "same.jsonl", [json.loads(good.read_text().splitlines()[4])])
    with pytest.raises(TuneError, match=r"1 of 1 examples of .* are in .* too \(line 1 is its line 5\)"):
        read_material(config(good, validation=str(same)))


def test_models_that_cannot_be_trained_are_refused(model: Path, tmp_path: Path) -> None:
    examples = chat_file(tmp_path / "x.jsonl")

    def said(folder: Path, method: str = "sft") -> str:
        with pytest.raises(TuneError) as refused:
            tune(config(examples, method, str(folder)), tmp_path / "run")
        return str(refused.value)

    assert "there is no model folder" in said(tmp_path / "nothing")
    (tmp_path / "bare").mkdir()
    assert "it needs config.json" in said(tmp_path / "bare")
    (tmp_path / "bare" / "model.gguf").touch()
    assert "GGUF files are not trained" in said(tmp_path / "bare")
    untold = shutil.copytree(model, tmp_path / "untold")
    (untold / "chat_template.jinja").unlink(missing_ok=True)
    settings = json.loads((untold / "tokenizer_config.json").read_text())
    settings.pop("chat_template", None)
    (untold / "tokenizer_config.json").write_text(json.dumps(settings))
    assert "has no chat template" in said(untold)
    damaged = shutil.copytree(model, tmp_path / "damaged")
    (damaged / "model.safetensors").write_bytes(b"damaged")
    assert "cannot be loaded" in said(damaged)
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text('{"base_model_name_or_path": "org/away"}')
    assert "adapts org/away, which is no folder here: say base=FOLDER" in said(adapter)
    events = [json.loads(line) for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
    assert events[-1]["event"] == "failed"
    assert "say base=FOLDER" in events[-1]["reason"]


def test_a_run_in_use_is_left_alone(model: Path, tmp_path: Path) -> None:
    with hold(tmp_path / "run"), pytest.raises(TuneError, match="is in use by another run"):
        tune(config(chat_file(tmp_path / "x.jsonl"), model=str(model)), tmp_path / "run")


def test_what_is_left_open_is_decided_as_openai_does() -> None:
    auto = config(Path("x"))
    few, some, many = (decide(auto, number, 100) for number in (10, 1000, 20_000))
    assert (few.epochs, some.epochs, many.epochs) == (10, 3, 1)
    assert (few.batch_size, some.batch_size, many.batch_size) == (4, 8, 32)
    assert (some.steps, some.learning_rate) == (375, 2e-4)
    whole = decide(assign(config(Path("x"), adapter=None), "learning_rate_multiplier=2"), 1000, 4096)
    assert (whole.learning_rate, whole.micro_batch_size, whole.accumulation) == (pytest.approx(4e-5), 2, 4)
    group = decide(config(Path("x"), "grpo", grader="g"), 10, 100)
    assert (group.batch_size, group.steps) == (32, 20)
    shared = decide(config(Path("x")), 1000, 2048, ranks=3)
    assert (shared.batch_size, shared.micro_batch_size, shared.accumulation) == (9, 3, 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("method=ppo", "choose one of sft, reward, dpo, grpo"),
        ("method=grpo", "give either a grader or a reward model"),
        ("n_epochs=0", 'give a number above 0, or "auto"'),
        ("n_epochs=many", 'give a number above 0, or "auto"'),
        ("n_epochs=true", "expected int or str"),
        ("adapter.rank=0", "adapter.rank must be at least 1"),
        ("adapter.depth=3", "here there are alpha, dropout, rank"),
        ("precision=int8", "choose auto, float32 or bfloat16"),
        ("seed", "is not key=value"),
    ],
)
def test_a_wrong_setting_is_refused_by_name(change: str, said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        assign(config(Path("x")), change)
    assert assign(config(Path("x")), "adapter.rank=4").adapter == AdapterConfig(4)


def test_a_full_memory_names_what_to_try(tmp_path: Path) -> None:
    wanted = config(Path("x"), model="big")
    assert "the model big does not fit into memory" in str(sentence(MemoryError(), wanted, tmp_path))
    (tmp_path / SIZES).write_text('{"micro_batch_size": 8}')
    full = RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory")
    assert "again with micro_batch_size=4" in str(sentence(full, wanted, tmp_path))
    (tmp_path / SIZES).write_text('{"micro_batch_size": 1}')
    assert "try max_length=2048, or gradient_checkpointing=true" in str(sentence(MemoryError(), wanted, tmp_path))


def test_a_grader_is_tried_on_the_examples_first(tmp_path: Path) -> None:
    grader = {"type": "string_check", "input": "{{sample.output_text}}", "reference": "{{item.sum}}", "operation": "eq"}
    examples = [Example(1, (user("2+2?"),), item={"sum": "4"}), Example(2, (user("2+3?"),), item={})]
    (tmp_path / "grader.json").write_text(json.dumps(grader))
    with pytest.raises(TuneError, match=r"line 2: the grader reads item\.sum, which the example does not have"):
        graded(read_grader(str(tmp_path / "grader.json")), examples)
    assert graded(check_grader(grader), examples[:1])(examples[:1] * 2, ["4", "5"]) == [1.0, 0.0]
    (tmp_path / "grader.json").write_text("{")
    with pytest.raises(TuneError, match="is no grader"):
        read_grader(str(tmp_path / "grader.json"))


def test_a_python_grader_runs_in_the_sandbox() -> None:
    source = "def grade(sample, item):\n    return len(sample['output_text']) / item['most']"
    assert run_python(source, {"output_text": "abc"}, {"most": 4}) == 0.75
    assert run_python("def grade(sample, item):\n    return 1 / 0", {}, {}) == 0.0


def test_a_loss_that_is_not_a_number_stops_with_the_last_good_checkpoint(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in chat_file(tmp_path / "x.jsonl").read_text().splitlines()]
    rows[7]["messages"][0]["content"] = "Z"
    wanted = config(
        write_lines(tmp_path / "x.jsonl", rows),
        model=str(write_model(tmp_path / "tiny", poisoned="Z")),
        checkpoint_steps=1,
        n_epochs=1,
    )
    with pytest.raises(TuneError, match=r"not a number at step \d \(the last good checkpoint is .*checkpoint-\d\)"):
        tune(wanted, tmp_path / "run")


def test_a_signal_stops_with_a_checkpoint_and_the_same_call_goes_on(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = config(chat_file(tmp_path / "x.jsonl"), model=str(model), n_epochs=1, micro_batch_size=2)
    taken = Watch.on_log

    def take_and_be_asked_to_stop(self: Watch, args: Any, state: Any, control: Any, **rest: Any) -> None:
        taken(self, args, state, control, **rest)
        if state.global_step == 3:
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patched:
        patched.setattr(Watch, "on_log", take_and_be_asked_to_stop)
        assert tune(wanted, tmp_path / "run") is None
    chat_file(tmp_path / "x.jsonl", answer="Another one.")
    with pytest.raises(TuneError, match=r"begun with something else \(examples to learn: \w+ there, \w+ here"):
        tune(wanted, tmp_path / "run")
    chat_file(tmp_path / "x.jsonl")
    assert [path.name for path in (tmp_path / "run" / "checkpoints").glob("checkpoint-*")] == ["checkpoint-4"]
    report = tune(wanted, tmp_path / "run")
    assert report is not None
    assert report.improved
    events = [json.loads(line)["event"] for line in (tmp_path / "run" / "events.jsonl").read_text().splitlines()]
    assert [event for event in events if event not in ("message", "checkpoint", "validation")] == [
        "started",
        "stopped",
        "failed",
        "resumed",
        "finished",
    ]
