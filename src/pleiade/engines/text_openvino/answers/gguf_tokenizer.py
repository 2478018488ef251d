"""The tokenizer inside a GGUF file, rebuilt in Hugging Face's form so that one tokenizer library serves all models."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gguf import GGUFReader

from pleiade.engines.wire.serve import LoadError

# How text is cut before merging, by `tokenizer.ggml.pre`; the expressions are the models' own (their tokenizer.json).
GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
_MODERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
    r"|\s+(?!\S)|\s+"
)
QWEN2 = _MODERN % ""
LLAMA3 = _MODERN % "{1,3}"
PATTERNS = {
    "gpt-2": GPT2,
    "default": GPT2,
    "qwen2": QWEN2,
    "llama-bpe": LLAMA3,
    "llama3": LLAMA3,
    "llama-v3": LLAMA3,
}

# llama.cpp's kinds of tokens (gguf.TokenType)
UNKNOWN, CONTROL, USER_DEFINED = 2, 3, 4


def read_gguf_tokenizer(path: Path) -> tuple[str, dict[str, Any]]:
    """The text of a tokenizer.json, and the configuration that goes with it. Raises LoadError where that fails."""
    try:
        reader = GGUFReader(path)
        fields = {
            name.removeprefix("tokenizer."): field.contents()
            for name, field in reader.fields.items()
            if name.startswith("tokenizer.")
        }
    except (ValueError, IndexError, KeyError, OverflowError, UnicodeDecodeError, MemoryError) as error:
        raise LoadError(f"{path} is truncated or no GGUF file ({error}); fetch it again") from None
    tokens: Sequence[str] = fields.get("ggml.tokens") or ()
    kind = fields.get("ggml.model")
    if not tokens:
        raise LoadError(f"{path} holds no tokenizer; convert the model again")
    if kind == "gpt2":
        definition = _byte_level(path, fields, tokens)
    elif kind == "llama":
        definition = _sentence_piece(fields, tokens)
    else:
        raise LoadError(f"{path} has a tokenizer of kind {kind!r}; deploy it with the engine text_llamacpp")
    kinds: Sequence[int] = fields.get("ggml.token_type") or ()
    definition["added_tokens"] = [
        {
            "id": number,
            "content": tokens[number],
            "special": token_kind in (CONTROL, UNKNOWN),
            "single_word": False,
            "lstrip": False,
            "rstrip": False,
            "normalized": False,
        }
        for number, token_kind in enumerate(kinds)
        if token_kind in (UNKNOWN, CONTROL, USER_DEFINED)
    ]
    _add_beginning(fields, tokens, definition)
    return json.dumps(definition), _configuration(fields, tokens)


def _byte_level(path: Path, fields: Mapping[str, Any], tokens: Sequence[str]) -> dict[str, Any]:
    pre = fields.get("ggml.pre", "default")
    if pre not in PATTERNS:
        raise LoadError(
            f"{path} cuts text the way of {pre!r}, which is not known here; deploy it with the engine text_llamacpp"
        )
    split = {"type": "Split", "pattern": {"Regex": PATTERNS[pre]}, "behavior": "Isolated", "invert": False}
    byte_level = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
    return {
        "version": "1.0",
        "model": {
            "type": "BPE",
            "vocab": {token: number for number, token in enumerate(tokens)},
            "merges": [merge.split(" ", 1) for merge in fields.get("ggml.merges") or ()],
            "ignore_merges": pre.startswith("llama"),
        },
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, byte_level]},
        "decoder": byte_level,
    }


def _sentence_piece(fields: Mapping[str, Any], tokens: Sequence[str]) -> dict[str, Any]:
    """SentencePiece's BPE: its merges are not stored, but follow from the scores."""
    vocabulary = {token: number for number, token in enumerate(tokens)}
    scores: Sequence[float] = fields.get("ggml.scores") or [0.0] * len(tokens)
    merges = []
    for token, number in vocabulary.items():
        for cut in range(1, len(token)):
            left, right = token[:cut], token[cut:]
            if left in vocabulary and right in vocabulary:
                merges.append((-scores[number], vocabulary[left], vocabulary[right], left, right))
    merges.sort()
    prefix = [{"type": "Prepend", "prepend": "▁"}] if fields.get("ggml.add_space_prefix", True) else []
    replace = {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}
    back = {"type": "Replace", "pattern": {"String": "▁"}, "content": " "}
    strip = [{"type": "Strip", "content": " ", "start": 1, "stop": 0}] if prefix else []
    unknown = fields.get("ggml.unknown_token_id", 0)
    return {
        "version": "1.0",
        "model": {
            "type": "BPE",
            "vocab": vocabulary,
            "merges": [[left, right] for *_, left, right in merges],
            "unk_token": tokens[unknown],
            "fuse_unk": True,
            "byte_fallback": True,
        },
        "normalizer": {"type": "Sequence", "normalizers": [*prefix, replace]},
        "decoder": {
            "type": "Sequence",
            "decoders": [back, {"type": "ByteFallback"}, {"type": "Fuse"}, *strip],
        },
    }


def _add_beginning(fields: Mapping[str, Any], tokens: Sequence[str], definition: dict[str, Any]) -> None:
    """Put the beginning-of-text token before each text, where the model was trained that way."""
    first = fields.get("ggml.bos_token_id")
    wanted = fields.get("ggml.add_bos_token", fields.get("ggml.model") == "llama")
    if first is None or not wanted:
        return
    name = tokens[first]
    definition["post_processor"] = {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": name, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {name: {"id": name, "ids": [first], "tokens": [name]}},
    }


def _configuration(fields: Mapping[str, Any], tokens: Sequence[str]) -> dict[str, Any]:
    """What Hugging Face keeps in tokenizer_config.json."""

    def named(field: str) -> str | None:
        number = fields.get(field)
        return None if number is None else tokens[number]

    ends = [fields[name] for name in ("ggml.eos_token_id", "ggml.eot_token_id", "ggml.eom_token_id") if name in fields]
    return {
        "bos_token": named("ggml.bos_token_id"),
        "eos_token": named("ggml.eos_token_id"),
        "eos_token_ids": ends,
        "chat_template": fields.get("chat_template", ""),
    }
