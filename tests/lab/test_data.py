"""Every token is read, in an order that is new each epoch and the same after every restart."""

import dataclasses
import io
import itertools
import json
import lzma
import random
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from corpora import sentences, toy_tokenizer, write_corpus

from pleiade.lab.corpora.build import build_corpus
from pleiade.lab.corpora.decontaminate import write_evaluation_runs
from pleiade.lab.corpora.recipe import Decontaminate, load_recipe
from pleiade.lab.data.corpus import Source, read_documents
from pleiade.lab.data.fim import fim_marks, fim_transform
from pleiade.lab.data.manifest import DamagedError
from pleiade.lab.data.progress import Progress
from pleiade.lab.data.reader import Reader, list_inputs
from pleiade.lab.data.shards import Shard, open_shard, tokenize_source, write_shard
from pleiade.lab.data.stream import PackedStream, StreamConfig
from pleiade.lab.data.tokens import tokenize_corpus
from pleiade.lab.objectives.next_token import NextToken
from pleiade.lab.ranks import Ranks

PLAIN = StreamConfig(seq_len=32, piece_tokens=64, fim_rate=0.0)


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Shard:
    tmp_path = tmp_path_factory.mktemp("data")
    return tokenize_source(tmp_path, write_corpus(tmp_path), toy_tokenizer(), tmp_path / "cache")


def stream_of(shard: Shard, config: StreamConfig = PLAIN, repeats: float = 1.0) -> PackedStream:
    return PackedStream([shard], [repeats], toy_tokenizer(), config)


def test_an_epoch_holds_every_token_of_every_document_once(shard: Shard) -> None:
    stream = stream_of(shard)
    num_documents = len(shard.starts) - 1
    total = shard.num_tokens + num_documents  # each document is closed by <|endoftext|>
    rows = torch.cat([stream.next_rows(1) for _ in range(total // 32 + 1)])
    read = rows[:, :-1].flatten().tolist()[:total]
    assert Counter(read) == Counter([*shard.tokens.tolist(), *[stream.end_of_text] * num_documents])


def test_the_target_of_a_row_is_the_first_token_of_the_next(shard: Shard) -> None:
    stream = stream_of(shard)
    rows = torch.cat([stream.next_rows(3) for _ in range(400)])
    assert torch.equal(rows[:-1, -1], rows[1:, 0])


@pytest.mark.parametrize("config", [PLAIN, StreamConfig(seq_len=32, piece_tokens=64, fim_rate=0.5, fim_tokens=24)])
def test_a_restored_stream_goes_on_with_exactly_the_next_token(shard: Shard, config: StreamConfig) -> None:
    stream = stream_of(shard, config)
    for num_batches in (1, 7, 260, 261, 262, 263):
        for _ in range(num_batches):
            stream.next_rows(4)
        other = stream_of(shard, config)
        other.load_state_dict(stream.state_dict())
        assert torch.equal(other.next_rows(4), stream.next_rows(4))


@pytest.mark.parametrize(("ranks_before", "ranks_after"), [(2, 1), (1, 2), (2, 4)])
def test_a_stream_saved_by_some_ranks_goes_on_in_the_same_order_on_any_other_number(
    shard: Shard, ranks_before: int, ranks_after: int
) -> None:
    config = StreamConfig(seq_len=32, piece_tokens=64, fim_rate=0.3, fim_tokens=24)
    alone = NextToken(stream_of(shard, config), 8, 2)
    whole = [torch.cat([batch.ids for batch in alone.next_step()]) for _ in range(12)]

    def steps(count: int, ranks: int, state: dict[str, Any] | None) -> tuple[list[torch.Tensor], dict[str, Any]]:
        """What all ranks see together, each with a stream of its own; the place that the first one saves."""
        objectives = [NextToken(stream_of(shard, config), 8, 2) for _ in range(ranks)]
        for objective in objectives:
            if state is not None:
                objective.load_state_dict(state)
        seen = []
        for _ in range(count):
            shares = [Ranks(rank, ranks).share(o.next_step()) for rank, o in enumerate(objectives)]
            dealt = [batch.ids for turn in itertools.zip_longest(*shares) for batch in turn if batch is not None]
            seen.append(torch.cat(dealt))
        return seen, objectives[0].state_dict()

    first, state = steps(5, ranks_before, None)
    rest, _ = steps(7, ranks_after, json.loads(json.dumps(state)))
    assert all(torch.equal(a, b) for a, b in zip([*first, *rest], whole, strict=True))


def test_a_place_in_another_stream_is_refused_with_what_differs(shard: Shard) -> None:
    state = stream_of(shard).state_dict()
    with pytest.raises(ValueError, match=r"another stream of data \(sources was .*1\.0.*, is .*2\.0"):
        stream_of(shard, repeats=2.0).load_state_dict(state)
    with pytest.raises(ValueError, match="seed was 1, is 2"):
        stream_of(shard, dataclasses.replace(PLAIN, seed=2)).load_state_dict(state)
    longer = stream_of(shard, dataclasses.replace(PLAIN, seq_len=64))
    longer.load_state_dict(state)
    assert longer.next_rows(1)[0, :33].tolist() == stream_of(shard).next_rows(1)[0].tolist()


def test_epochs_have_different_orders_and_repeats_weigh_a_source(tmp_path: Path, shard: Shard) -> None:
    stream = stream_of(shard)
    assert not np.array_equal(stream._shuffled(0), stream._shuffled(1))
    half = stream_of(shard, repeats=0.5)
    first, second = half._shuffled(0)[:, 1], half._shuffled(1)[:, 1]
    assert not set(first) & set(second)
    assert set(first) | set(second) == set(range(len(half.pieces[0])))
    assert Counter(stream_of(shard, repeats=3.0)._shuffled(0)[:, 1]).most_common()[-1][1] == 3


def test_a_middle_told_last_still_makes_the_text() -> None:
    tokenizer = toy_tokenizer()
    marks = fim_marks(tokenizer)
    rng = random.Random(0)
    for text in [*sentences()[:40], "é", ""]:
        told = tokenizer.decode(fim_transform(text, tokenizer, marks, rng), skip_special_tokens=False)
        told = told.removeprefix("<|fim_prefix|>")
        if told.startswith("<|fim_suffix|>"):
            suffix, rest = told.removeprefix("<|fim_suffix|>").split("<|fim_middle|>")
            assert rest + suffix == text
        else:
            prefix, rest = told.split("<|fim_suffix|>")
            suffix, middle = rest.split("<|fim_middle|>")
            assert prefix + middle + suffix == text


def test_xz_files_are_read_and_a_passage_shared_by_rows_comes_once(tmp_path: Path) -> None:
    with lzma.open(tmp_path / "a.jsonl.xz", "wt", encoding="utf-8") as out:
        out.write('{"context": "un"}\n{"context": "deux"}\n{"context": "un"}\n{"context": " "}\n')
    assert list(read_documents(tmp_path.parent, Source(tmp_path.name, field="context"))) == ["un", "deux"]


@pytest.mark.parametrize(
    "line", ['{"text": ', '{"text": ' + "[" * 100_000, '{"text": "fine", "id": ' + "1" * 5000 + "}"]
)
def test_a_line_that_is_not_json_is_named(tmp_path: Path, line: str) -> None:
    write_corpus(tmp_path, "bad", ["fine"])
    (tmp_path / "bad" / "part.jsonl").write_text('{"text": "fine"}\n' + line + "\n", "utf-8")
    with pytest.raises(ValueError, match=r"part\.jsonl line 2 is not JSON"):
        list(Reader(*list_inputs("bad", tmp_path), "text"))
    with pytest.raises(ValueError, match=r"part\.jsonl line 2 is not JSON"):
        write_evaluation_runs(Decontaminate(("bad",)), tmp_path, tmp_path / "runs")
    with pytest.raises(ValueError, match=r"part\.jsonl line 2 is not JSON"):
        list(read_documents(tmp_path, Source("bad")))


def test_missing_and_empty_corpora_are_said(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="give the data folder"):
        list(read_documents(tmp_path, Source("nowhere")))
    with pytest.raises(ValueError, match="the corpus is empty"):
        write_shard([], toy_tokenizer(), tmp_path / "empty", "empty")


def test_a_shard_cut_short_is_noticed(tmp_path: Path) -> None:
    write_shard(sentences()[:50], toy_tokenizer(), tmp_path / "s", "s")
    cut = (tmp_path / "s.bin").read_bytes()[:-2]
    (tmp_path / "s.bin").write_bytes(cut)
    with pytest.raises(ValueError, match="delete it and tokenize again"):
        open_shard(tmp_path / "s")


def test_tokens_changed_on_disk_are_noticed_at_the_ends_at_once_and_anywhere_when_asked(tmp_path: Path) -> None:
    write_shard(sentences() * 6, toy_tokenizer(), tmp_path / "s", "s")
    good = (tmp_path / "s.bin").read_bytes()
    assert len(good) > 4 << 16
    for place, noticed in ((10, True), (len(good) // 2, False), (len(good) - 1, True)):
        bad = bytearray(good)
        bad[place] ^= 1
        (tmp_path / "s.bin").write_bytes(bytes(bad))
        if noticed:
            with pytest.raises(DamagedError, match="its checksum is not the index's"):
                open_shard(tmp_path / "s")
        else:
            open_shard(tmp_path / "s")
        with pytest.raises(DamagedError, match="delete it and tokenize again"):
            open_shard(tmp_path / "s", check_all=True)
    (tmp_path / "s.bin").write_bytes(good)
    boundaries = bytearray((tmp_path / "s.npy").read_bytes())
    boundaries[-9] ^= 1
    (tmp_path / "s.npy").write_bytes(bytes(boundaries))
    with pytest.raises(DamagedError, match=r"s\.npy is damaged"):
        open_shard(tmp_path / "s")


def test_a_built_corpus_is_tokenized_once_and_again_when_it_or_the_tokenizer_changes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, texts in (("one", sentences()[:40]), ("two", sentences()[400:440])):
        write_corpus(tmp_path / "data", name, [" ".join(texts[i : i + 8]) for i in range(0, 40, 8)])
    text = "[near_duplicates]\nenabled = false\n[filters]\ndetect_language = false\nmax_repeats = 1.0\n"
    (tmp_path / "r.toml").write_text(text + "[[sources]]\npath = 'one'\n[[sources]]\npath = 'two'\nrepeats = 2.0\n")
    recipe = load_recipe(tmp_path / "r.toml")
    build_corpus(recipe, tmp_path / "data", tmp_path / "corpus")
    shards = tokenize_corpus(tmp_path / "corpus", toy_tokenizer(), tmp_path / "tokens", check_all=True)
    assert [shard.name for shard in shards] == ["one", "two"]
    decoded = toy_tokenizer().decode(shards[0].tokens[: shards[0].starts[1]].tolist(), skip_special_tokens=False)
    assert decoded == " ".join(sentences()[:8])
    assert f"tokenized: {sum(s.num_tokens for s in shards) / 1e6:,.1f} M tokens" in capsys.readouterr().err
    written = {file.name: file.stat().st_mtime_ns for file in (tmp_path / "tokens").iterdir()}
    tokenize_corpus(tmp_path / "corpus", toy_tokenizer(), tmp_path / "tokens")
    assert written == {file.name: file.stat().st_mtime_ns for file in (tmp_path / "tokens").iterdir()}
    write_corpus(
        tmp_path / "data", "two", ["A new text for the second source, long enough to be kept by every filter."]
    )
    build_corpus(recipe, tmp_path / "data", tmp_path / "corpus")
    one, two = tokenize_corpus(tmp_path / "corpus", toy_tokenizer(), tmp_path / "tokens")
    assert (one.num_tokens, len(two.starts)) == (shards[0].num_tokens, 2)
    assert (tmp_path / "tokens" / "one.text.bin").stat().st_mtime_ns == written["one.text.bin"]


def test_progress_tells_the_rate_and_the_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 10.0, 31.0, 40.0])
    monkeypatch.setattr("pleiade.lab.data.progress.time.monotonic", lambda: next(clock))
    out = io.StringIO()
    progress = Progress("read", "MB", 1e6, out)
    progress.add(1_000_000, 0.1)  # too early to say something
    progress.add(2_100_000, 0.25, "part")
    progress.end()
    assert out.getvalue() == "read: 3.1 MB  0.1 MB/s  25%, 1.6 min left  part\nread: 3.1 MB  0.0775 MB/s\n"
