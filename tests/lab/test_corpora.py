"""A corpus is built the same however it is stopped or shared out, and tells what it left out and why."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from corpora import sentences, toy_tokenizer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from pleiade.cli import app
from pleiade.lab.corpora import build as build_module
from pleiade.lab.corpora.build import build_corpus
from pleiade.lab.corpora.duplicates import minhash, near_copies
from pleiade.lab.corpora.filters import detect_language
from pleiade.lab.corpora.licences import read_origin
from pleiade.lab.corpora.normalise import normalise
from pleiade.lab.corpora.recipe import Recipe, bundled_recipe, load_recipe, training_sources
from pleiade.lab.corpora.report import warnings
from pleiade.lab.corpora.words import run_hashes, word_hashes, word_spans
from pleiade.lab.data.corpus import Source, built_sources, read_documents
from pleiade.lab.data.manifest import DamagedError
from pleiade.lab.data.shards import tokenize_sources
from pleiade.lab.data.tokens import tokenize_corpus
from pleiade.lab.presets import override, presets

ENGLISH = "The {} lay in the harbour all night, and in the morning the whole village came down to look at it."
FRENCH = "Le {} resta au port toute la nuit, et le matin tout le village descendit sur le quai pour le regarder."


def write_rows(folder: Path, *texts: str, name: str = "part.jsonl") -> None:
    folder.mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps({"title": "t", "text": text}, ensure_ascii=False) + "\n" for text in texts)
    (folder / name).write_text(lines, "utf-8")


def stories(count: int, first: int = 0) -> list[str]:
    """English documents of eight sentences each, none of them like another."""
    lines = [line for line in sentences() if line.isascii() and " the " in line]
    return [" ".join(lines[(first + place) * 8 : (first + place + 1) * 8]) for place in range(count)]


def recipe_of(folder: Path, text: str) -> Recipe:
    (folder / "recipe.toml").write_text(text, "utf-8")
    return load_recipe(folder / "recipe.toml")


def texts_of(corpus: Path) -> dict[str, list[str]]:
    return {source.name: list(read_documents(corpus, source)) for source in built_sources(corpus)}


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


MIXED = """
[filters]
min_characters = 20
[decontaminate]
folders = ["eval"]
words = 8
margin = 20
min_piece = 60
[[sources]]
path = "one"
language = "en"
licence = "CC0-1.0"
attribution = "somebody"
[[sources]]
path = "two"
repeats = 0.5
filters = { languages = ["en", "fr"] }
"""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    secret = "which seven colours did the old painter mix on the morning of the great storm"
    first = stories(6)
    write_rows(data / "one", *first, first[0], "too short", FRENCH.format("navire") * 3)
    near = first[1].replace(first[1].split()[5], "somewhere", 1)
    leaked = f"{first[2]} {stories(1, 10)[0]} {secret.title()}? {stories(1, 12)[0]}"
    write_rows(data / "two", near, leaked, FRENCH.format("bateau"), (ENGLISH.format("ship") + " ") * 6)
    (data / "two" / "SOURCE.txt").write_text("repo: someone/something\nlicence: CC-BY-4.0\n", "utf-8")
    write_rows(data / "eval" / "questions", secret, "short")
    return data


def test_a_corpus_holds_what_is_good_once_and_says_what_became_of_the_rest(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    manifest = build_corpus(recipe_of(tmp_path, MIXED), data, out)
    one, two = manifest.sources
    assert one.counts == {"copy": 1, "kept": 6, "language": 1, "read": 9, "short": 1}
    assert two.counts == {"cut": 1, "kept": 3, "near_copy": 1, "read": 4, "repetition": 1}
    texts = texts_of(out)
    assert texts["one"] == [normalise(text) for text in stories(6)]
    assert "painter" not in " ".join(texts["two"])
    (removal,) = [json.loads(line) for line in (out / "decontamination.jsonl").read_text().splitlines()]
    assert removal["evaluation"] == "questions"
    assert removal["passage"].startswith("Which Seven Colours")
    assert removal["origin"] == "two/part.jsonl line 2"  # nothing of this machine's folders
    assert two.languages["fr"] > 0
    assert two.languages["en"] > 0
    assert (two.licence, two.attribution) == ("CC-BY-4.0", "someone/something")
    assert sum(manifest.licences.values()) == pytest.approx(1, abs=1e-5)
    assert one.share + two.share == pytest.approx(1, abs=1e-5)
    licences = (out / "LICENCES").read_text()
    assert "CC0-1.0" in licences
    assert "somebody" in licences
    assert "| questions | 4 | 3 | 1 |" in (out / "report.md").read_text()


def test_processes_and_small_blocks_do_not_change_a_byte(data: Path, tmp_path: Path) -> None:
    recipe = recipe_of(tmp_path, MIXED)
    build_corpus(recipe, data, tmp_path / "alone")
    build_corpus(recipe, data, tmp_path / "shared", workers=2)
    assert contents(tmp_path / "alone") == contents(tmp_path / "shared")


def test_a_killed_build_goes_on_and_ends_on_the_same_bytes(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = recipe_of(tmp_path, MIXED)
    out = tmp_path / "out"
    monkeypatch.setattr(build_module, "BLOCK_DOCUMENTS", 1)
    build_corpus(recipe, data, tmp_path / "whole")
    code = (
        "import sys; from pathlib import Path; from pleiade.lab.corpora import build; "
        "from pleiade.lab.corpora.recipe import load_recipe; build.BLOCK_DOCUMENTS = 1; original = build.clean_block\n"
        "def slow(block):\n    original(block)\n    print(block.target, flush=True); sys.stdin.readline()\n"
        "build.clean_block = slow\n"
        "build.build_corpus(load_recipe(Path(sys.argv[1])), Path(sys.argv[2]), Path(sys.argv[3]))"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "recipe.toml"), str(data), str(out)]
    with subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as build:
        assert build.stdin is not None
        assert build.stdout is not None
        for _ in range(4):
            block = Path(build.stdout.readline().strip())
            build.stdin.write("\n")
            build.stdin.flush()
        build.stdout.readline()
        build.send_signal(signal.SIGKILL)
    written = block.with_suffix(".json").stat().st_mtime_ns
    done = len(list((out / ".work").rglob("*.npz")))
    assert done == 5
    cleaned = []
    original = build_module.clean_block
    monkeypatch.setattr(build_module, "clean_block", lambda task: (cleaned.append(task.target), original(task))[1])
    assert block.with_suffix(".json").stat().st_mtime_ns == written
    build_corpus(recipe, data, out)
    assert block not in cleaned
    assert len(cleaned) == 13 - done
    assert contents(out) == contents(tmp_path / "whole")
    build_corpus(recipe, data, out)  # nothing to do
    assert len(cleaned) == 13 - done


def test_workers_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    code = (
        "import os, sys, time; from pleiade.lab.data.crew import crew\n"
        "def work(path):\n    open(path, 'w').write(str(os.getpid()))\n    time.sleep(60)\n"
        "if __name__ == '__main__':\n    with crew(2) as hands:\n        hands.run(work, sys.argv[1]); hands.finish()\n"
    )
    (tmp_path / "main.py").write_text(code, "utf-8")
    parent = subprocess.Popen([sys.executable, str(tmp_path / "main.py"), str(tmp_path / "pid")])
    while not (tmp_path / "pid").exists() or not (tmp_path / "pid").read_text():
        assert parent.poll() is None
        time.sleep(0.05)
    worker = int((tmp_path / "pid").read_text())
    parent.kill()
    parent.wait()
    for _ in range(400):
        if not Path(f"/proc/{worker}").exists():
            break
        time.sleep(0.05)
    else:
        os.kill(worker, signal.SIGKILL)
        pytest.fail("the worker outlived its parent")


def test_a_changed_recipe_starts_anew_and_foreign_files_are_left_alone(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    build_corpus(recipe_of(tmp_path, MIXED), data, out)
    build_corpus(recipe_of(tmp_path, MIXED.partition('[[sources]]\npath = "two"')[0]), data, out)
    assert set(texts_of(out)) == {"one"}
    assert not (out / "two").exists()
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="holds other files"):
        build_corpus(recipe_of(tmp_path, MIXED), data, tmp_path / "mine")


def test_a_damaged_shard_is_noticed_when_it_is_read_and_mended_by_building_again(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    recipe = recipe_of(tmp_path, MIXED)
    build_corpus(recipe, data, out)
    before = contents(out)
    shard = out / "one" / "00000.jsonl.zst"
    broken = bytearray(shard.read_bytes())
    broken[len(broken) // 2] ^= 1
    shard.write_bytes(bytes(broken))
    with pytest.raises(DamagedError, match=r"00000\.jsonl\.zst is damaged.*delete it and run `pleiade data build`"):
        texts_of(out)
    shard.unlink()
    build_corpus(recipe, data, out)
    assert contents(out) == before


def test_an_empty_source_and_one_of_which_nothing_is_left_are_said(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "part.jsonl").write_text("")
    recipe = recipe_of(tmp_path, '[[sources]]\npath = "a"\n')
    with pytest.raises(ValueError, match="source 'a' is empty"):
        build_corpus(recipe, tmp_path, tmp_path / "out")
    write_rows(tmp_path / "a", "tiny", "also tiny")
    with pytest.raises(ValueError, match=r"nothing is left of the corpus \(a: 2 read, 2 short\): loosen"):
        build_corpus(recipe, tmp_path, tmp_path / "out")


def test_a_corpus_of_one_repeated_line_is_one_document_and_a_warning(tmp_path: Path) -> None:
    write_rows(tmp_path / "a", *[ENGLISH.format("ship")] * 50)
    manifest = build_corpus(recipe_of(tmp_path, '[[sources]]\npath = "a"\n'), tmp_path, tmp_path / "out")
    assert manifest.documents == 1
    assert "49 of 50 documents are copies" in warnings(manifest)[0]
    (tmp_path / "a" / "part.jsonl").rename(tmp_path / "part.jsonl")
    (tmp_path / "a" / "lines.txt").write_text((ENGLISH.format("ship") + "\n") * 500)
    with pytest.raises(ValueError, match="1 read, 1 repetition"):
        build_corpus(recipe_of(tmp_path, '[[sources]]\npath = "a"\n'), tmp_path, tmp_path / "two")


def test_a_missing_folder_and_a_missing_field_are_named(data: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere does not exist below"):
        build_corpus(recipe_of(tmp_path, '[[sources]]\npath = "nowhere"\n'), data, tmp_path / "out")
    with pytest.raises(ValueError, match=r"no text in field 'body': its fields are title, text"):
        build_corpus(recipe_of(tmp_path, '[[sources]]\npath = "one"\nfield = "body"\n'), data, tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"has no \[\[sources\]\]"),
        ("[[sources]]\nname = 'a'", "a source has no path: it has name"),
        ("[[sources]]\npath = 'a'\n[[sources]]\npath = 'b/a'", "two sources are called 'a'"),
        ("[[sources]]\npath = 'a'\nwieght = 2", "unknown field `wieght`"),
        ("[[sources]]\npath = 'a'\nrepeats = 0", r"> 0.0.*repeats"),
        ("[[sources]]\npath = 'a'\nfilters = { max_symbols = 4.0 }", "max_symbols"),
        ("[[sources", "recipe.toml: "),
    ],
)
def test_a_recipe_that_makes_no_sense_says_where(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        recipe_of(tmp_path, text)


def test_the_recipes_that_come_along_are_known_by_name() -> None:
    pico = presets()["pico"].recipe
    assert pico == training_sources(bundled_recipe("pico"))
    assert Source("post/piaf_fr_qa", 5.0, "context") in pico
    with pytest.raises(ValueError, match=r"`pleiade data build code --out CORPUS`, then recipe=CORPUS"):
        override(presets()["pico"], ["recipe=code"])
    assert bundled_recipe("code").sources[0].path == "python:installed"
    with pytest.raises(ValueError, match=r"there are code, pico, or give a \.toml file"):
        override(presets()["pico"], ["recipe=nope"])


def test_training_reads_a_built_corpus_its_tokens_and_its_licences(data: Path, tmp_path: Path) -> None:
    corpus, cache = tmp_path / "out", tmp_path / "cache"
    build_corpus(recipe_of(tmp_path, MIXED), data, corpus)
    shards = tokenize_corpus(corpus, toy_tokenizer(), cache)
    files = contents(cache)
    sources = override(presets()["toy"], [f"recipe={corpus}"]).recipe
    assert [source.repeats for source in sources] == [1.0, 0.5]
    again = tokenize_sources(tmp_path / "elsewhere", sources, toy_tokenizer(), cache)
    assert [shard.num_tokens for shard in again] == [shard.num_tokens for shard in shards]
    assert contents(cache) == files
    assert read_origin(tmp_path / "elsewhere", sources[1].folder).licence == "CC-BY-4.0"


def test_the_commands_build_and_tokenize_and_say_in_a_line_what_is_wrong(data: Path, tmp_path: Path) -> None:
    recipe_of(tmp_path, MIXED)
    toy_tokenizer().save(str(tmp_path / "tokenizer.json"))
    run = CliRunner().invoke
    build = ["data", "build", str(tmp_path / "recipe.toml"), "--data", str(data), "--workers", "1", "--out"]
    told = run(app, [*build, str(tmp_path / "out")])
    assert told.exit_code == 0, told.stderr
    assert "9 documents" in told.stdout
    arguments = ["--tokenizer", str(tmp_path / "tokenizer.json"), "--out", str(tmp_path / "tokens"), "--workers", "1"]
    told = run(app, ["tokenize", str(tmp_path / "out"), *arguments])
    assert told.exit_code == 0, told.stderr
    assert [line.partition(":")[0] for line in told.stdout.splitlines()] == ["one", "two"]
    for command, message in (
        ([*build, str(data)], "holds other files"),
        (["data", "build", "nope", "--out", str(tmp_path / "x")], "no recipe 'nope'"),
        (["tokenize", str(data), *arguments], "is no built corpus"),
    ):
        told = run(app, command)
        assert told.exit_code == 1
        assert message in told.stderr
        assert len(told.stderr.splitlines()) == 1


@settings(max_examples=60, deadline=None)
@given(st.text())
def test_a_normalised_text_stays_as_it_is_and_can_be_written(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    once.encode("utf-8")
    assert not set(once) & set("\r\x00\x1b\ufeff\u2028")


def test_normalising_keeps_words_typography_and_indentation() -> None:
    assert normalise("e\u0301te\u0301\u00a0!\r\nfin \ud800") == "été\u00a0!\nfin \ufffd"
    assert normalise("    def f():\n\treturn 1   \n") == "    def f():\n\treturn 1"


@settings(max_examples=40, deadline=None)
@given(st.text(alphabet="ab çİ,\n", max_size=60), st.integers(1, 5))
def test_runs_of_words_are_equal_only_where_the_words_are(text: str, size: int) -> None:
    words = [text[first:last].lower() for first, last in word_spans(text)]
    runs = run_hashes(word_hashes(text), size).tolist()
    named = [tuple(words[i : i + size]) for i in range(len(words) - size + 1)]
    assert len(set(runs)) == len(set(named))
    assert len(runs) == len(named)


def test_minhash_agrees_with_the_overlap_it_estimates() -> None:
    words = [str(number) for number in np.random.default_rng(1).integers(0, 10**9, 2000)]
    for kept in (0.95, 0.8, 0.5):
        other = words[: int(kept * 2000)] + [f"x{number}" for number in range(2000 - int(kept * 2000))]
        runs = [run_hashes(word_hashes(" ".join(side)), 5) for side in (words, other)]
        truth = len(np.intersect1d(*runs)) / len(np.union1d(*runs))
        signatures = minhash([word_hashes(" ".join(words)), word_hashes(" ".join(other))], seed=1)
        assert (signatures[0] == signatures[1]).mean() == pytest.approx(truth, abs=0.12)
        copies = near_copies(signatures, np.zeros(2, dtype=bool), 0.8)
        assert copies.tolist() == [False, kept == 0.95]


def test_languages_are_told_apart() -> None:
    assert [detect_language(text.format("x"))[0] for text in (ENGLISH, FRENCH)] == ["en", "fr"]
    assert detect_language("1234 ... 56") == ("und", 0.0)
