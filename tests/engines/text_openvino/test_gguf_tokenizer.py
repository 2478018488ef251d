"""A GGUF file's tokenizer gives the same ids as the Hugging Face one that it was made from."""

import json
from pathlib import Path

import gguf
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from engines.tiny_model import byte_tokenizer, write_tiny_gguf
from engines.worker_process import run_worker
from pleiade.engines.text_openvino.answers.gguf_tokenizer import QWEN2
from pleiade.engines.text_openvino.answers.tokenizer import load_tokenizer
from pleiade.engines.wire.serve import LoadError

TEXTS = [
    "Hello world",
    "L'été, c'est 2023 !\n\n  Fin.",
    "def f(x):\n\treturn x+1",
    "日本語 🎉",
    "",
    " a  b   c ",
    "I'LL 1234",
]
CORPUS = ["hello world the weather is nice", "l'été est chaud", "def f(x): return x", "1234 5678"] * 20


def write_vocabulary(path: Path, kind: str, tokens: list[str], **fields: object) -> Path:
    """A GGUF file with nothing but a tokenizer."""
    writer = gguf.GGUFWriter(path, "qwen3")
    writer.add_tokenizer_model(kind)
    writer.add_token_list(tokens)
    for name, value in fields.items():
        getattr(writer, f"add_{name}")(value)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.close()
    return path


def test_byte_level_ids_are_the_same(tmp_path: Path) -> None:
    original = Tokenizer(models.BPE())
    split = pre_tokenizers.Split(pattern=_regex(QWEN2), behavior="isolated")
    original.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    original.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    special = ["<|im_end|>"]
    original.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=400, initial_alphabet=alphabet, special_tokens=special)
    )
    size = original.get_vocab_size()
    tokens = [original.id_to_token(i) for i in range(size)]
    merges = [" ".join(pair) for pair in json.loads(original.to_str())["model"]["merges"]]
    kinds = [gguf.TokenType.CONTROL if token in special else gguf.TokenType.NORMAL for token in tokens]
    path = write_vocabulary(
        tmp_path / "v.gguf",
        "gpt2",
        tokens,
        tokenizer_pre="qwen2",
        token_types=kinds,
        token_merges=merges,
        eos_token_id=0,
    )
    ours = load_tokenizer(path)
    for text in [*TEXTS, "a<|im_end|>b"]:
        assert ours.encode(text) == original.encode(text).ids
    assert ours.control == {"<|im_end|>": 0}
    assert ours.end_ids == {0}
    assert all(ours.encode_plain(text) == original.encode(text).ids for text in TEXTS)


def _regex(pattern: str) -> object:
    from tokenizers import Regex

    return Regex(pattern)


def test_sentence_piece_merges_follow_from_scores(tmp_path: Path) -> None:
    pieces = ["<unk>", "<s>", "</s>", *(f"<0x{b:02X}>" for b in range(256))]
    words = [
        "▁",
        "h",
        "e",
        "l",
        "o",
        "w",
        "r",
        "d",
        "he",
        "ll",
        "▁he",
        "llo",
        "▁hello",
        "▁w",
        "or",
        "▁wor",
        "ld",
        "▁world",
    ]
    tokens = pieces + words
    scores = [0.0] * len(pieces) + [-float(i) for i in range(len(words))]
    kinds = [2, 3, 3] + [6] * 256 + [1] * len(words)
    path = write_vocabulary(
        tmp_path / "v.gguf",
        "llama",
        tokens,
        token_scores=scores,
        token_types=kinds,
        bos_token_id=1,
        eos_token_id=2,
        unk_token_id=0,
    )
    ours = load_tokenizer(path)
    names = [tokens[i] for i in ours.encode("hello world")]
    assert names == ["▁hello", "▁world"]
    assert ours.encode("hello", beginning=True)[0] == 1
    eacute = ours.encode("é")
    assert b"".join(ours.token_bytes[i] for i in eacute) == " é".encode()
    assert ours.strips_first_space


def test_an_unknown_way_of_cutting_text_is_refused_with_another_engine(tmp_path: Path) -> None:
    path = write_vocabulary(tmp_path / "v.gguf", "gpt2", ["a"], tokenizer_pre="klingon")
    with pytest.raises(LoadError, match="text_llamacpp"):
        load_tokenizer(path)


def test_a_truncated_file_is_refused(tmp_path: Path) -> None:
    whole = write_tiny_gguf(tmp_path / "tiny.gguf").read_bytes()
    (tmp_path / "cut.gguf").write_bytes(whole[:2000])
    with pytest.raises(LoadError, match="truncated"):
        load_tokenizer(tmp_path / "cut.gguf")


def test_a_gguf_file_chats_in_the_embedded_engine(tmp_path: Path) -> None:
    path = write_tiny_gguf(tmp_path / "tiny.gguf")
    assert load_tokenizer(path).encode("ab é") == byte_tokenizer().encode("ab é").ids
    arguments = ["--model", str(path), "--model-id", "tiny"]
    with run_worker("pleiade.engines.text_openvino", arguments, tmp_path / "log") as worker:
        answer = worker.ok("/chat/completions", messages=[{"role": "user", "content": "hi"}], max_tokens=3)
        assert answer["choices"][0]["finish_reason"] in ("stop", "length")
