"""What a person may do wrong, and what a machine may do to them: each ends in a sentence that says what to do."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from corpora import sentences, write_corpus
from tokenizers import Tokenizer

import pleiade.lab.__main__ as rank
from limits import files_no_larger_than
from pleiade.lab.checkpoint import latest_checkpoint, load_checkpoint
from pleiade.lab.lock import hold
from pleiade.lab.tokenizer.bpe import save_tokenizer, train_tokenizer


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder with a small corpus, and a recipe that reads it."""
    folder = tmp_path_factory.mktemp("data")
    write_corpus(folder)
    recipe(folder, "toy")
    return folder


def recipe(folder: Path, source: str) -> Path:
    file = folder / f"{source}.toml"
    file.write_text(f'name = "{source}"\n[[sources]]\npath = "{source}"\n')
    return file


def train(data: Path, run: Path, *changes: str, source: str = "toy", until: str = "base") -> int:
    """One rank, as `pleiade train` starts it, in this process."""
    return rank.main(arguments(data, run, *changes, source=source, until=until))


def arguments(data: Path, run: Path, *changes: str, source: str = "toy", until: str = "base") -> list[str]:
    """A rank's command line for a run of a second."""
    fast = ["loop.steps=6", "loop.checkpoint_steps=2", "rows=4", "micro_rows=4"]
    text = f"recipe={data / source}.toml"
    return ["toy", "--data", str(data), "--run", str(run), "--until", until, text, *fast, *changes]


Said = Callable[[], str]


@pytest.fixture
def said(capfd: pytest.CaptureFixture[str]) -> Said:
    """What was said on stderr since the last call: never a traceback."""

    def read() -> str:
        captured = capfd.readouterr()
        assert "Traceback" not in captured.out + captured.err
        return captured.err

    return read


@pytest.fixture(scope="module")
def finished(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished base model; tests work on copies."""
    run = tmp_path_factory.mktemp("finished") / "run"
    assert train(data, run) == 0
    return run


@pytest.fixture
def run(finished: Path, tmp_path: Path) -> Path:
    """A copy of the finished run."""
    subprocess.run(["cp", "-a", finished, tmp_path / "run"], check=True)
    return tmp_path / "run"


def another_tokenizer(size: int = 512) -> Tokenizer:
    return train_tokenizer([text.upper() for text in sentences()], size)


# --- text ---


def test_an_empty_corpus_is_named_before_anything_is_trained(data: Path, tmp_path: Path, said: Said) -> None:
    write_corpus(data, "empty", texts=[])
    recipe(data, "empty")
    assert train(data, tmp_path / "run", source="empty") == 2
    assert "empty" in (told := said())
    assert "give" in told


def test_a_corpus_of_one_repeated_line_is_too_little_for_a_vocabulary(data: Path, tmp_path: Path, said: Said) -> None:
    write_corpus(data, "same", texts=["The same line again."] * 1000)
    recipe(data, "same")
    assert train(data, tmp_path / "run", source="same") == 2
    assert "give more text or ask for a smaller vocabulary (model.vocab_size=" in said()


def test_bytes_that_are_no_utf8_are_found_with_file_and_line(data: Path, tmp_path: Path, said: Said) -> None:
    write_corpus(data, "latin")
    with open(data / "latin" / "part.jsonl", "ab") as file:
        file.write(b'{"text": "caf\xe9"}\n')
    recipe(data, "latin")
    assert train(data, tmp_path / "run", source="latin") == 2
    assert "part.jsonl line 201 is not JSON" in (told := said())
    assert "mend or remove the line" in told


# --- a run that goes on ---


def flip(path: Path) -> None:
    """Change a bit in the middle of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def weights(run: Path) -> dict[str, torch.Tensor]:
    newest = latest_checkpoint(run / "base")
    assert newest is not None
    model: dict[str, torch.Tensor] = load_checkpoint(newest)["model"]
    return model


def test_a_damaged_checkpoint_is_passed_over_and_the_run_ends_on_the_same_bits(
    data: Path, run: Path, finished: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    flip(run / "base" / "checkpoint-00000006.pt")
    assert train(data, run) == 0
    assert "checkpoint-00000006.pt is damaged" in (out := capfd.readouterr().out)
    assert "resumed from checkpoint-00000004.pt" in out
    before, after = weights(finished), weights(run)
    assert all(torch.equal(before[name], after[name]) for name in before)


def test_where_every_checkpoint_is_damaged_nothing_begins_again_by_itself(data: Path, run: Path, said: Said) -> None:
    damaged = sorted((run / "base").glob("checkpoint-*.pt"))
    for path in damaged:
        flip(path)
    assert train(data, run) == 2
    assert "every checkpoint in" in (told := said())
    assert "put a copy back, or remove" in told
    assert sorted((run / "base").glob("checkpoint-*.pt")) == damaged


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("optim.muon_lr=0.5", "optim.muon_lr: 0.015 there, 0.5 here): give it the same values, or another --run"),
        ("loop.steps=9", "it is too late for 9 steps; go on with 6, or give another --run"),
    ],
)
def test_a_run_goes_on_with_what_it_was_begun_with(
    data: Path, run: Path, said: Said, change: str, sentence: str
) -> None:
    assert train(data, run, change) == 2
    assert sentence in said()
    assert train(data, run) == 0


@pytest.mark.parametrize(
    ("size", "sentence"),
    [
        (512, "was begun with something else (tokenizer: "),
        (400, "has 400 tokens, the model 512: set model.vocab_size=400 or remove the tokenizer"),
    ],
)
def test_another_tokenizer_than_the_runs_is_refused_before_it_tokenizes(
    data: Path, run: Path, said: Said, size: int, sentence: str
) -> None:
    save_tokenizer(another_tokenizer(size), run / "base" / "tokenizer", 512)
    tokens = (run / "base" / "cache" / "toy.text.bin").read_bytes()
    assert train(data, run) == 2
    assert sentence in said()
    assert (run / "base" / "cache" / "toy.text.bin").read_bytes() == tokens


@pytest.mark.parametrize("record", ["tokenizer/tokenizer.json", "preset.json", "begun.json"])
def test_a_damaged_record_of_a_run_is_named(data: Path, run: Path, said: Said, record: str) -> None:
    path = run / "base" / record
    path.write_bytes(path.read_bytes()[:20])
    assert train(data, run) == 2
    assert f"{path} is damaged" in said()


@pytest.mark.parametrize("file", ["toy.text.bin", "toy.text.npy", "toy.text.json"])
def test_damaged_tokens_are_made_anew_from_the_text_and_it_is_said(
    data: Path, run: Path, capfd: pytest.CaptureFixture[str], file: str
) -> None:
    path = run / "base" / "cache" / file
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2]) if file.endswith("json") else flip(path)
    assert train(data, run) == 0
    assert "damaged" in (out := capfd.readouterr().out)
    assert "tokenize again: done now" in out
    assert path.read_bytes() == whole


def test_a_row_that_a_full_disk_cut_short_does_not_keep_a_run_from_going_on(data: Path, run: Path) -> None:
    metrics = run / "base" / "metrics.jsonl"
    rows = metrics.read_text().splitlines()
    metrics.write_text("\n".join([*rows[:3], rows[3][:9] + rows[4], *rows[5:]]) + "\n")
    (run / "base" / "checkpoint-00000006.pt").unlink()
    assert train(data, run) == 0
    assert [json.loads(row)["step"] for row in metrics.read_text().splitlines()] == [1, 2, 3, 5, 6]


def test_numbers_that_are_none_reach_no_checkpoint_and_lower_rates_may_follow(
    data: Path, tmp_path: Path, said: Said
) -> None:
    run = tmp_path / "run"
    assert train(data, run, "optim.muon_lr=1e38", "optim.embedding_lr=1e38", "loop.checkpoint_steps=1") == 2
    assert "is not a number at step" in (told := said())
    assert "lower learning rate (optim.muon_lr, optim.embedding_lr), or" in told
    assert torch.load(run / "base" / "nan-batch.pt")["batches"][0]["ids"].shape == (4, 64)
    assert latest_checkpoint(run / "base") is None
    assert train(data, run, "loop.checkpoint_steps=1") == 0


# --- the machine ---


def test_a_disk_that_is_full_at_a_checkpoint_leaves_the_one_before(data: Path, run: Path, said: Said) -> None:
    (run / "base" / "checkpoint-00000006.pt").unlink()
    with files_no_larger_than(200_000):
        assert train(data, run) == 2
    assert "the checkpoint of step 6 cannot be written" in (told := said())
    assert "make room there; the same command then goes on" in told
    assert latest_checkpoint(run / "base") == run / "base" / "checkpoint-00000004.pt"
    assert train(data, run) == 0


def test_a_disk_that_is_full_while_tokenizing_leaves_nothing_half_done(data: Path, run: Path, said: Said) -> None:
    for file in (run / "base" / "cache").iterdir():
        file.unlink()
    with files_no_larger_than(30_000):
        assert train(data, run) == 2
    assert "then give the same command again, it goes on" in said()
    assert not (run / "base" / "cache" / "toy.text.json").exists()
    assert train(data, run) == 0


def test_a_disk_that_is_full_at_the_export_leaves_the_model_before(data: Path, run: Path, said: Said) -> None:
    whole = (run / "export" / "model.safetensors").read_bytes()
    with files_no_larger_than(150_000):
        assert train(data, run) == 2
    assert "the weights cannot be written" in said()
    assert (run / "export" / "model.safetensors").read_bytes() == whole
    assert not list((run / "export").glob("*.tmp"))


@pytest.mark.parametrize("sign", [".lock", "base/cache/toy.text.bin", "base/metrics.jsonl"])
def test_ctrl_c_at_any_time_is_answered_and_the_same_command_goes_on(data: Path, tmp_path: Path, sign: str) -> None:
    run = tmp_path / "run"
    # A process of its own, with the handler that a terminal's processes have: whoever runs the tests may ignore Ctrl-C.
    code = "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    code += "from pleiade.lab.__main__ import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", code, *arguments(data, run, "loop.steps=30")]
    pressed = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    while not (run / sign).exists() and pressed.poll() is None:
        time.sleep(0.001)
    pressed.send_signal(signal.SIGINT)
    _, told = pressed.communicate()
    assert (pressed.returncode, "stop" in told, "Traceback" in told) == (3, True, False), told
    assert train(data, run, "loop.steps=30") == 0


def test_a_folder_is_one_runs_at_a_time_until_that_run_ends_however_it_ends(data: Path, run: Path, said: Said) -> None:
    code = "import sys, time; from pathlib import Path; from pleiade.lab.lock import hold\n"
    code += "with hold(Path(sys.argv[1])): print('held', flush=True); time.sleep(600)"
    holder = subprocess.Popen([sys.executable, "-c", code, str(run)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    holder.stdout.readline()
    assert train(data, run) == 2
    assert f"in use by another run (process {holder.pid}): wait for it or end it" in said()
    holder.kill()
    holder.wait()
    with hold(run):
        pass


@pytest.mark.parametrize(
    ("place", "sentence"),
    [
        ("/sys/run", "mend its permissions, or name another place"),
        ("{file}", "a file stands where a folder is needed: remove it, or name another place"),
        ("{file}/run", "a file stands where a folder is needed: remove it, or name another place"),
    ],
)
def test_a_folder_that_cannot_be_written_is_named(
    data: Path, tmp_path: Path, said: Said, place: str, sentence: str
) -> None:
    (tmp_path / "file").write_text("notes")
    assert train(data, Path(place.format(file=tmp_path / "file"))) == 2
    assert sentence in said()
