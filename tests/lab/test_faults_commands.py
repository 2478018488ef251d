"""The commands, given what no one would give them on purpose: one sentence, nothing lost, memory bounded."""

import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import zstandard
from corpora import sentences, toy_tokenizer, write_corpus
from tokenizers import Tokenizer
from typer.testing import CliRunner, Result

from pleiade.cli.commands import app
from pleiade.lab.begun import begin
from pleiade.lab.data.corpus import Source, read_documents, read_rows
from pleiade.lab.data.manifest import DamagedError
from pleiade.lab.dialogues.conversation import exchange
from pleiade.lab.dialogues.mixture import POST_SETS, absent_sets
from pleiade.lab.dialogues.render import render
from pleiade.lab.export.huggingface import export_huggingface
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.model import Gpt, init_weights
from pleiade.lab.launch import launch
from pleiade.lab.lock import hold
from pleiade.lab.objectives.sft import InstructionTuning
from pleiade.lab.presets import override, presets, write_preset
from pleiade.lab.tokenizer.bpe import save_tokenizer, train_tokenizer

HALF_A_GIGABYTE = 512 << 20  # of zeros; two gigabytes were tried by hand, and cost no more memory


def pleiade(*arguments: str) -> Result:
    """A command in this process. It may not end in a traceback."""
    told = CliRunner().invoke(app, list(arguments), env={"COLUMNS": "300"})
    assert told.exception is None or isinstance(told.exception, SystemExit), told.exception
    return told


def recipe(folder: Path, source: str = "toy") -> str:
    file = folder / "recipe.toml"
    file.write_text(f'name = "{source}"\n[[sources]]\npath = "{source}"\n')
    return str(file)


def build(data: Path, out: Path, source: str = "toy") -> Result:
    return pleiade("data", "build", recipe(data, source), "--data", str(data), "--out", str(out), "--workers", "1")


@contextmanager
def limited(kind: int, amount: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(kind)
    resource.setrlimit(kind, (amount, hard))
    try:
        yield
    finally:
        resource.setrlimit(kind, (soft, hard))


def little_more_memory(num_bytes: int) -> int:
    """What this process has mapped, and so many bytes more."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize() + num_bytes


def long_line(data: Path, num_bytes: int) -> None:
    """A corpus of one line of zeros (a hole in the file: it takes no room), and good lines after it."""
    write_corpus(data)
    good = (data / "toy" / "part.jsonl").read_bytes()
    with open(data / "toy" / "part.jsonl", "wb") as file:
        file.truncate(num_bytes)
        file.seek(0, os.SEEK_END)
        file.write(b"\n" + good)


# --- key=value ---


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["huge"], "'huge' is not a preset: choose one of toy, pico"),
        (["toy", "--until", "sft"], "'sft' is not a stage: choose one of base, code, chat"),
        (["toy", "rows=many"], "rows=many: expected int"),
        (["toy", "loop.steps=2.5"], "loop.steps=2.5: expected int"),
        (["toy", "model.depth=3"], "unknown key 'model.depth': here there are"),
        (["toy", "steps"], "'steps' is not key=value (for example"),
        (["toy", "recipe=nothing"], "no recipe 'nothing': there are code, pico, or give a .toml file"),
        (["toy", "rows=0"], "rows=0 must be at least 1"),
        (["toy", "rows=6", "micro_rows=4"], "rows=6 must be a multiple of micro_rows=4"),
        (["toy", "loop.steps=0", "stream.fim_rate=2"], "stream.fim_rate=2.0 must be between 0 and 1"),
        (["toy", "loop.minutes=NaN"], "loop.minutes=nan must be a finite number"),
        (["toy", "loop.precision=float99"], "loop.precision=float99 must be one of float32, bfloat16"),
        (["toy", "chat.seq_len=9999"], "chat.seq_len=9999 must not exceed model.max_position=512"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    told = pleiade("train", *arguments, "--data", str(tmp_path), "--run", str(tmp_path / "run"))
    assert told.exit_code == 2
    assert sentence in " ".join(told.stderr.replace("│", " ").split())
    assert not (tmp_path / "run").exists()


@pytest.mark.timeout(600)  # two processes import torch: on a busy machine that takes a while
def test_a_refusal_of_several_ranks_ends_all_of_them_and_is_said_once(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write_corpus(tmp_path)
    run = tmp_path / "run"
    write_preset(override(presets()["toy"], ["optim.muon_lr=0.5", "stream.seed=2"]), run / "base" / "preset.json")
    arguments = ["toy", "--data", str(tmp_path), "--run", str(run), "--until", "base", f"recipe={recipe(tmp_path)}"]
    assert launch(arguments, 2) == 2
    told = capfd.readouterr().err
    assert told.count("optim.muon_lr: 0.5 there, 0.015 here") == 1
    assert "Traceback" not in told


# --- text ---


def test_a_line_without_end_costs_a_build_no_memory_and_is_counted(tmp_path: Path) -> None:
    long_line(tmp_path, HALF_A_GIGABYTE)
    with limited(resource.RLIMIT_AS, little_more_memory(HALF_A_GIGABYTE)):
        told = build(tmp_path, tmp_path / "out")
    assert told.exit_code == 0, told.stderr
    (source,) = json.loads((tmp_path / "out" / "manifest.json").read_text())["sources"]
    assert source["counts"]["long_line"] == 1
    assert source["counts"]["kept"] > 50


def test_a_line_without_end_is_named_where_text_is_read_as_it_is(tmp_path: Path) -> None:
    long_line(tmp_path, HALF_A_GIGABYTE)
    with (
        limited(resource.RLIMIT_AS, little_more_memory(200 << 20)),
        pytest.raises(ValueError, match=r"part.jsonl line 1 is longer than 16,777,216 bytes.*`pleiade data build`"),
    ):
        next(read_rows(tmp_path / "toy"))


@pytest.mark.parametrize("damage", ["cut", "overwritten"])
def test_a_compressed_file_that_is_not_whole_is_never_taken_for_a_shorter_one(tmp_path: Path, damage: str) -> None:
    lines = "".join(json.dumps({"text": text}) + "\n" for text in sentences()).encode()
    stored = bytearray(zstandard.ZstdCompressor(write_checksum=True).compress(lines))
    if damage == "cut":
        del stored[len(stored) // 2 :]
    else:
        stored[len(stored) // 2] ^= 0xFF
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy" / "part.jsonl.zst").write_bytes(stored)
    with pytest.raises(DamagedError, match=r"is damaged or was cut short .* put a whole copy in its place"):
        list(read_rows(tmp_path / "toy"))
    told = build(tmp_path, tmp_path / "out")
    assert told.exit_code == 1
    assert "part.jsonl.zst is damaged or was cut short" in told.stderr


def test_half_a_character_is_named_where_text_is_read_as_it_is_and_mended_by_a_build(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    with open(tmp_path / "toy" / "part.jsonl", "a") as file:
        file.write('{"text": "It is a quite ordinary sentence but for \\ud83d that one."}\n')
    with pytest.raises(ValueError, match=r"toy: half a character in '.*or make a corpus with `pleiade data"):
        list(read_documents(tmp_path, Source("toy")))
    assert build(tmp_path, tmp_path / "out").exit_code == 0


def test_an_empty_source_and_a_corpus_in_use_and_a_full_disk_end_a_build_in_a_sentence(tmp_path: Path) -> None:
    write_corpus(tmp_path, "empty", texts=[])
    assert "source 'empty' is empty: no document in empty" in build(tmp_path, tmp_path / "a", "empty").stderr
    write_corpus(tmp_path)
    with hold(tmp_path / "b"):
        assert f"in use by another run (process {os.getpid()})" in build(tmp_path, tmp_path / "b").stderr
    with limited(resource.RLIMIT_FSIZE, 5_000):
        told = build(tmp_path, tmp_path / "b")
    assert told.exit_code == 1
    assert "then give the same command again, it goes on" in told.stderr
    assert build(tmp_path, tmp_path / "b").exit_code == 0


def test_a_damaged_manifest_and_a_full_disk_end_tokenizing_in_a_sentence(tmp_path: Path) -> None:
    write_corpus(tmp_path)
    assert build(tmp_path, tmp_path / "out").exit_code == 0
    save_tokenizer(toy_tokenizer(), tmp_path / "tokenizer", 512)
    options = ["--tokenizer", str(tmp_path / "tokenizer"), "--out", str(tmp_path / "tokens"), "--workers", "1"]
    with limited(resource.RLIMIT_FSIZE, 20_000):
        told = pleiade("tokenize", str(tmp_path / "out"), *options)
    assert (told.exit_code, "it goes on" in told.stderr) == (1, True)
    assert pleiade("tokenize", str(tmp_path / "out"), *options).exit_code == 0
    manifest = tmp_path / "out" / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:50])
    told = pleiade("tokenize", str(tmp_path / "out"), *options)
    assert "manifest.json is damaged" in told.stderr
    assert "delete it and build the corpus again" in told.stderr


def test_sets_that_the_data_folder_lacks_are_named(tmp_path: Path) -> None:
    write_corpus(tmp_path, "post/piaf_fr_qa")
    absent = absent_sets(tmp_path)
    assert "post/piaf_fr_qa" not in absent
    assert len(absent) == len(POST_SETS)  # without it, and with the prose that one of them draws on


# --- models ---


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    """A model folder."""
    model = Gpt(GptConfig(512, 64, 1, 2, 1, 32, 128, max_position=128))
    init_weights(model, 1)
    export_huggingface(model, toy_tokenizer(), tmp_path / "model")
    return tmp_path / "model"


def examine(folder: Path, data: Path) -> Result:
    return pleiade("eval", str(folder), "--suite", "blimp", "--data", str(data), "--out", str(data / "eval-out"))


def another_tokenizer(size: int) -> Tokenizer:
    return train_tokenizer([text.upper() for text in sentences()], size)


@pytest.mark.parametrize("size", [512, 600])
def test_a_model_is_not_examined_with_another_tokenizer(exported: Path, tmp_path: Path, size: int) -> None:
    save_tokenizer(another_tokenizer(size), exported, 128)
    told = examine(exported, tmp_path)
    assert told.exit_code == 1
    assert f"is not the tokenizer that this model was trained with ({size} tokens)" in told.stderr


def test_damaged_weights_and_missing_data_are_named(exported: Path, tmp_path: Path) -> None:
    assert "expected" in (told := examine(exported, tmp_path)).stderr
    assert "--data or PLEIADE_DATA" in told.stderr
    weights = exported / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    told = examine(exported, tmp_path)
    assert told.exit_code == 1
    assert "model.safetensors is damaged or not of this config.json" in told.stderr


# --- stages ---


def test_a_stage_goes_on_with_what_it_was_begun_with(tmp_path: Path) -> None:
    stage = tmp_path / "chat"
    begin(stage, {"chat": {"epochs": 4, "loop": {"log_steps": 20}}, "tokenizer": "a"})
    begin(stage, {"chat": {"epochs": 4, "loop": {"log_steps": 1}}, "model": "b"}, lambda key: ".loop." in key)
    with pytest.raises(ValueError, match=r"chat.epochs: 4 there, 2 here; tokenizer: a there, c here.*or remove .*chat"):
        begin(stage, {"chat": {"epochs": 2}, "tokenizer": "c"})
    with pytest.raises(ValueError, match="model: b there, d here"):
        begin(stage, {"model": "d"})


def test_a_place_in_other_conversations_is_refused() -> None:
    def objective(*questions: str) -> InstructionTuning:
        rendered = [render(exchange(question, "Yes.", "test"), toy_tokenizer()) for question in questions]
        return InstructionTuning(rendered, 0, 64, 1, 1, seed=1)

    begun = objective("Is it?", "Was it?")
    begun.next_step()
    objective("Is it?", "Was it?").load_state_dict(begun.state_dict())
    with pytest.raises(ValueError, match="written over other examples"):
        objective("Is it?", "Will it?").load_state_dict(begun.state_dict())
