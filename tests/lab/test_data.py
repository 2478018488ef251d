"""Every token is read, in an order that is new each epoch and the same after every restart."""

import lzma
import random
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from corpora import sentences, toy_tokenizer, write_corpus

from pleiade.lab.data.corpus import Source, read_documents
from pleiade.lab.data.fim import fim_marks, fim_transform
from pleiade.lab.data.shards import Shard, open_shard, tokenize_source, write_shard
from pleiade.lab.data.stream import PackedStream, StreamConfig

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


def test_a_line_that_is_not_json_is_named(tmp_path: Path) -> None:
    write_corpus(tmp_path, "bad", ["fine"])
    (tmp_path / "bad" / "part.jsonl").write_text('{"text": "fine"}\n{"text": \n', "utf-8")
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
