"""Train, save and load the byte-level BPE tokenizer."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from pleiade.lab.tokenizer.special_tokens import (
    CONTROL_TOKENS,
    END_OF_TEXT,
    IM_END,
    SPARE_TOKENS,
    SPECIAL_TOKENS,
)

# Qwen2's pre-tokenizer. llama.cpp knows it by the name "qwen2" and splits every digit, so a number costs
# one token a digit and arithmetic sees the same digit in the same way everywhere.
QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Learn a byte-level BPE of exactly `vocab_size` tokens, special tokens first.

    No normaliser: what goes in comes out byte for byte. Raises ValueError if the text is too small for the vocabulary.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(QWEN2_SPLIT), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size,
        special_tokens=[AddedToken(token, normalized=False, special=True) for token in SPECIAL_TOKENS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if tokenizer.get_vocab_size() != vocab_size:
        raise ValueError(
            f"the text yields only {tokenizer.get_vocab_size()} of {vocab_size} tokens (it is too short, or repeats "
            f"itself): give more text or ask for a smaller vocabulary (model.vocab_size={tokenizer.get_vocab_size()})"
        )
    return _keep_visible_tokens_in_text(tokenizer)


def _keep_visible_tokens_in_text(tokenizer: Tokenizer) -> Tokenizer:
    # The trainer marks everything reserved as "special"; a decoder that skips special tokens would then
    # swallow <tool_call>. The flag can only be changed in the serialised form.
    as_json = json.loads(tokenizer.to_str())
    for token in as_json["added_tokens"]:
        token["special"] = token["content"] in CONTROL_TOKENS or token["content"] in SPARE_TOKENS
    return Tokenizer.from_str(json.dumps(as_json))


def chat_template() -> str:
    """The Jinja chat template (ChatML with Qwen's tool format) that goes with every tokenizer of ours."""
    return (Path(__file__).parent / "chat_template.jinja").read_text(encoding="utf-8")


def save_tokenizer(tokenizer: Tokenizer, folder: Path, max_length: int) -> None:
    """Write tokenizer.json and tokenizer_config.json (with the chat template) for transformers' AutoTokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": max_length,
        "bos_token": None,
        "eos_token": IM_END,
        "pad_token": END_OF_TEXT,
        "unk_token": None,
        "add_bos_token": False,
        "add_prefix_space": False,
        "clean_up_tokenization_spaces": False,
        "split_special_tokens": False,
        "chat_template": chat_template(),
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n", "utf-8")
    # Last, and whole or not at all: where it is there, the tokenizer is finished.
    unfinished = folder / "tokenizer.json.tmp"
    unfinished.write_text(tokenizer.to_str(), "utf-8")
    unfinished.replace(folder / "tokenizer.json")


def load_tokenizer(path: Path) -> Tokenizer:
    """Load a tokenizer from a folder or a tokenizer.json.

    Raises FileNotFoundError naming the path, ValueError where the file is no tokenizer.
    """
    file = path / "tokenizer.json" if path.is_dir() else path
    if not file.exists():
        raise FileNotFoundError(f"no tokenizer at {file}: train one with `pleiade tokenize` or give its folder")
    try:
        return Tokenizer.from_str(file.read_text("utf-8"))
    except Exception as error:  # the library raises nothing narrower
        raise ValueError(f"{file} is damaged or no tokenizer ({error}): put a copy back, or train one anew") from error


def token_id(tokenizer: Tokenizer, token: str) -> int:
    """The id of a special token; raises ValueError if the tokenizer has none such."""
    number = tokenizer.token_to_id(token)
    if number is None:
        raise ValueError(f"the tokenizer has no token {token}: train one with `pleiade train`")
    return number


def vocabulary_sha256(tokenizer: Tokenizer) -> str:
    """A hash of what a model's weights depend on: every token with its id, and the merges in their order.

    It stays the same where another program writes the same tokenizer in its own way.
    """
    merges = json.loads(tokenizer.to_str())["model"].get("merges", [])
    vocabulary = sorted(tokenizer.get_vocab(with_added_tokens=True).items(), key=lambda item: item[1])
    return hashlib.sha256(json.dumps([vocabulary, merges]).encode()).hexdigest()


def num_utf8_bytes(tokenizer: Tokenizer, ids: list[int]) -> int:
    """How many bytes of text the tokens stand for; special tokens count nothing (they are not text)."""
    return len(tokenizer.decode(ids, skip_special_tokens=True).encode("utf-8"))
