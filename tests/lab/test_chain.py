"""One command goes from text to a folder that others load, and the card tells all of it."""

import dataclasses
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
from corpora import sentences, toy_preset, write_corpus
from transformers import AutoModelForCausalLM, AutoTokenizer

import pleiade.lab.__main__ as rank
from pleiade.lab.cards.card import write_card
from pleiade.lab.cards.gather import Told, gather
from pleiade.lab.cards.record import Member
from pleiade.lab.chain import STAGES, run_chain, share_minutes
from pleiade.lab.code import CodeConfig
from pleiade.lab.data.stream import StreamConfig
from pleiade.lab.evals.panel import HOLES
from pleiade.lab.presets import override, presets
from pleiade.lab.view.live import launch_seen


def test_a_chain_writes_a_model_that_transformers_loads_and_its_curve(tmp_path: Path) -> None:
    preset = toy_preset(write_corpus(tmp_path / "data"))
    (report,) = run_chain(preset, tmp_path / "data", tmp_path / "run", until="base") or []
    assert report.improved
    assert json.loads((tmp_path / "run" / "report.json").read_text())[0]["after"] == report.after
    assert (tmp_path / "run" / "base" / "curve.png").read_bytes().startswith(b"\x89PNG")
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "run" / "export")
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "run" / "export")
    ids = tokenizer("The capital of France is", return_tensors="pt")["input_ids"]
    written = model.generate(ids, max_new_tokens=4, do_sample=False)
    assert written.shape[1] > ids.shape[1]
    settings = json.loads((tmp_path / "run" / "export" / "generation_config.json").read_text())
    assert settings["eos_token_id"] == [tokenizer.convert_tokens_to_ids(t) for t in ("<|im_end|>", "<|endoftext|>")]


def test_a_folder_of_ones_own_text_is_enough(tmp_path: Path) -> None:
    data = tmp_path / "mine"
    (data / "letters").mkdir(parents=True)
    for number, first in enumerate(range(0, 400, 10)):
        (data / "letters" / f"{number}.txt").write_text("\n".join(sentences()[first : first + 10]), "utf-8")
    reports = run_chain(presets()["toy"], data, tmp_path / "run", until="base") or []
    assert [report.improved for report in reports] == [True]
    assert (tmp_path / "run" / "corpus" / "LICENCES").exists()


def test_a_run_below_the_text_that_it_reads_does_not_read_itself_or_another_run(tmp_path: Path) -> None:
    for number, first in enumerate(range(0, 400, 10)):
        (tmp_path / f"{number}.txt").write_text("\n".join(sentences()[first : first + 10]), "utf-8")
    read = []
    for run in (tmp_path / "run", tmp_path / "run", tmp_path / "another"):
        arguments = ["toy", "--data", str(tmp_path), "--run", str(run), "--until", "base", "loop.steps=2"]
        assert launch_seen(run, ["base"], partial(rank.main, arguments)) == 0
        read += [source["counts"] for source in json.loads((run / "corpus" / "manifest.json").read_text())["sources"]]
    assert read == [read[0]] * 3


def test_minutes_are_shared_out_to_the_stages_on_the_way() -> None:
    assert share_minutes(10, "base") == ["loop.minutes=10.00"]
    changed = override(presets()["pico"], share_minutes(15, "chat"))
    assert (changed.loop.minutes, changed.chat.loop.minutes, changed.dpo.stage.loop.minutes) == (10.0, 5.0, None)
    for stage in STAGES:
        assert override(presets()["pico"], share_minutes(10, stage)).loop.steps is None


def test_a_code_stage_builds_its_corpus_and_learns_to_fill_in_the_middle(tmp_path: Path) -> None:
    data = tmp_path / "data"
    preset = toy_preset(write_corpus(data))
    write_corpus(data, "python", [f"def plus_{n}(x):\n    return x + {n}\n" * 5 for n in range(300)])
    recipe = tmp_path / "code.toml"
    recipe.write_text(
        'name = "code"\nfilters = { max_line_copies = 1.0, max_repeats = 1.0, max_symbols = 1.0 }\n'
        '[near_duplicates]\nenabled = false\n[[sources]]\npath = "python"\n'
    )
    stream = StreamConfig(seq_len=64, piece_tokens=64, fim_rate=0.5, fim_tokens=64)
    code = CodeConfig(str(recipe), rows=8, micro_rows=4, stream=stream, loop=preset.loop)
    steep = dataclasses.replace(preset, code=dataclasses.replace(code, rate=1e38))
    with pytest.raises(FloatingPointError, match=r"\(code\.rate\)"):
        run_chain(steep, data, tmp_path / "run", until="code")
    reports = run_chain(dataclasses.replace(preset, code=code), data, tmp_path / "run", until="code") or []
    assert [report.stage for report in reports] == ["base", "code"]
    assert all(report.improved for report in reports)
    tokens = {
        path: (tmp_path / "run" / path / "tokenizer" / "tokenizer.json").read_bytes() for path in ("base", "code")
    }
    assert tokens["base"] == tokens["code"]
    assert (tmp_path / "run" / "code-export" / "model.safetensors").exists()
    assert not (tmp_path / "run" / "export").exists()
    run_chain(dataclasses.replace(preset, code=code), data, tmp_path / "run", until="base")
    assert [row["stage"] for row in json.loads((tmp_path / "run" / "report.json").read_text())] == ["base", "code"]
    told = Told("toy-code", "a desk")
    record = gather("code", told, data, tmp_path / "run", tmp_path / "run" / "code-export", "code")
    assert [(stage.name, stage.after) for stage in record.stages] == [(r.stage, r.after) for r in reports]
    assert [(part.stage, part.name) for part in record.parts] == [("base", "toy"), ("code", "python")]
    card = write_card(Member(record, None, None, None))
    assert all(prefix in card for prefix, _ in HOLES)
    assert str(tmp_path) not in card


def test_the_command_says_what_is_missing_before_it_starts(tmp_path: Path) -> None:
    def run(*arguments: str) -> str:
        command = [sys.executable, "-m", "pleiade.cli", "train", *arguments]
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "COLUMNS": "200"}
        answer = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
        assert answer.returncode == 2, answer
        return answer.stderr

    assert "'large' is not a preset" in run("large", "--data", str(tmp_path))
    assert "--data or PLEIADE_DATA" in run("toy")
    assert "unknown key 'model.depth'" in run("toy", "model.depth=3", "--data", str(tmp_path))
