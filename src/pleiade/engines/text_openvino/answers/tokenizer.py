"""The tokenizer of a model folder: text to ids, ids to bytes, and which ids mean "the end" or "fill in the middle"."""

import functools
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from pleiade.engines.wire.infill import SPELLINGS, Marks
from pleiade.engines.wire.serve import LoadError

# Marks that programs parse out of the text: shown even where a tokenizer calls them special.
VISIBLE_MARKS = frozenset({"<tool_call>", "</tool_call>", "<tool_response>", "</tool_response>", "<think>", "</think>"})
# Control tokens that end a turn of a chat, in the spellings of the families served here.
TURN_ENDS = ("<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end|>", "<end_of_turn>", "<|endoftext|>", "</s>")
# What ends a middle besides the ends of a text.
FIM_ENDS = ("<|fim_pad|>", "<|repo_name|>", "<|file_sep|>", "<|endoftext|>", "<file_sep>", "▁<EOT>")


class TextTokenizer:
    """Ids of texts and bytes of ids. Immutable after loading; its methods may run in any thread."""

    def __init__(self, definition: str, *, configuration: Mapping[str, Any], source: str) -> None:
        """`definition` is the text of tokenizer.json; `configuration` merges the model's other JSON files."""
        self.definition = definition
        self._tokenizer = Tokenizer.from_str(definition)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        described = json.loads(definition)
        added = described.get("added_tokens") or []
        self.control = {t["content"]: t["id"] for t in added if t["special"] and t["content"] not in VISIBLE_MARKS}
        self.control_ids = frozenset(self.control.values())
        self.strips_first_space = False
        self.token_bytes = self._bytes_of_tokens(described, added, source)
        self.longest_token = max(map(len, self.token_bytes))
        self.bos = self._id_of(configuration.get("bos_token"))
        self.bos_text = _text_of(configuration.get("bos_token"))
        self.eos_text = _text_of(configuration.get("eos_token"))
        self.end_ids = self._end_ids(configuration)
        self.chat_template: str = configuration.get("chat_template") or ""
        marks = sorted(self.control, key=len, reverse=True)
        self._control_pattern = re.compile("|".join(map(re.escape, marks))) if marks else None

    @property
    def vocabulary_size(self) -> int:
        """Number of ids, added tokens included."""
        return len(self.token_bytes)

    def id_of(self, token: str) -> int | None:
        """Id of a token given in the tokenizer's own spelling."""
        found: int | None = self._tokenizer.token_to_id(token)
        return found

    def encode(self, text: str, *, beginning: bool = False) -> list[int]:
        """Ids of `text`, in which the spelling of a control token IS that token.

        `beginning` adds what the model wants at the start of a text (Llama's BOS).
        """
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=beginning).ids
        return ids

    def encode_plain(self, text: str) -> list[int]:
        """Ids of `text`, in which nothing is a control token, whatever it says."""
        ids: list[int] = self._plain.encode(text, add_special_tokens=False).ids
        return ids

    def control_spellings(self, text: str) -> list[tuple[int, int]]:
        """Where `text` spells control tokens: (start, end) character offsets."""
        if self._control_pattern is None:
            return []
        return [match.span() for match in self._control_pattern.finditer(text)]

    def infill_marks(self) -> Marks | None:
        """The tokens that frame a text to fill in; None where the model has none."""
        for spelling in SPELLINGS:
            prefix, suffix, middle = (self.id_of(token) for token in spelling)
            if prefix is not None and suffix is not None and middle is not None:
                return prefix, suffix, middle
        return None

    def ids_of(self, tokens: Sequence[str]) -> frozenset[int]:
        """Ids of those tokens that exist."""
        return frozenset(found for token in tokens if (found := self.id_of(token)) is not None)

    @functools.cached_property
    def _plain(self) -> Tokenizer:
        """A second tokenizer that reads control tokens as plain text; made when somebody first writes one."""
        plain = Tokenizer.from_str(self.definition)
        plain.no_padding()
        plain.no_truncation()
        plain.encode_special_tokens = True
        return plain

    def _id_of(self, token: object) -> int | None:
        text = _text_of(token)
        return self.id_of(text) if text else None

    def _end_ids(self, configuration: Mapping[str, Any]) -> frozenset[int]:
        """Ids that end a text: what the model's files name, and the turn ends that its template writes."""
        ends: set[int] = set()
        for value in configuration.get("eos_token_ids", ()):
            ends |= set(value) if isinstance(value, list) else {value}
        named = self._id_of(configuration.get("eos_token"))
        if named is not None:
            ends.add(named)
        template = configuration.get("chat_template") or ""
        for token in TURN_ENDS:
            known = self.control.get(token)
            if known is not None and token in template:
                ends.add(known)
        if not ends:
            ends = {self.control[token] for token in TURN_ENDS if token in self.control}
        return frozenset(end for end in ends if isinstance(end, int))

    def _bytes_of_tokens(
        self, described: Mapping[str, Any], added: Sequence[Mapping[str, Any]], source: str
    ) -> list[bytes]:
        """The bytes that each id stands for; empty for control tokens."""
        kinds = _decoder_kinds(described.get("decoder"))
        vocabulary: dict[str, int] = self._tokenizer.get_vocab(with_added_tokens=True)
        table = [b""] * (max(vocabulary.values()) + 1)
        if "ByteLevel" in kinds:
            alphabet = _byte_alphabet()
            for token, number in vocabulary.items():
                known = all(c in alphabet for c in token)
                table[number] = bytes(alphabet[c] for c in token) if known else token.encode()
        elif "ByteFallback" in kinds or "Metaspace" in kinds or "Replace" in kinds:
            self.strips_first_space = "Strip" in kinds or "Metaspace" in kinds
            for token, number in vocabulary.items():
                single = re.fullmatch(r"<0x([0-9A-Fa-f]{2})>", token)
                table[number] = bytes([int(single[1], 16)]) if single else token.replace("▁", " ").encode()
        else:
            raise LoadError(
                f"{source}: tokenizer decoder {described.get('decoder')!r} is of no known kind (byte-level or "
                "SentencePiece); serve this model with the text_llamacpp engine from a GGUF file"
            )
        for entry in added:
            hidden = entry["special"] and entry["content"] not in VISIBLE_MARKS
            table[entry["id"]] = b"" if hidden else entry["content"].encode()
        return table


def load_tokenizer(path: Path) -> TextTokenizer:
    """The tokenizer of a model: a Hugging Face folder or a .gguf file.

    Raises LoadError where files are missing or unreadable.
    """
    if path.suffix == ".gguf":
        from pleiade.engines.text_openvino.answers.gguf_tokenizer import (
            read_gguf_tokenizer,
        )  # only then: gguf is an import

        definition, configuration = read_gguf_tokenizer(path)
    else:
        path, definition, configuration = _read_folder(path)
    try:
        return TextTokenizer(definition, configuration=configuration, source=str(path))
    except LoadError:
        raise
    except Exception as error:  # the tokenizers library raises bare Exception for a broken file
        raise LoadError(f"the tokenizer in {path} cannot be read: {error}") from error


def _read_folder(folder: Path) -> tuple[Path, str, dict[str, Any]]:
    """The tokenizer.json of a folder, its text, and what the files beside it say of it."""
    path = folder / "tokenizer.json"
    if not path.is_file():
        raise LoadError(
            f"{folder} has no tokenizer.json: copy it from the model's origin, or convert an older tokenizer "
            "with transformers' AutoTokenizer(...).save_pretrained(folder)"
        )
    configuration = dict(_read_json(folder / "tokenizer_config.json"))
    for name in ("bos_token", "eos_token"):
        if configuration.get(name) is None:
            configuration[name] = _read_json(folder / "special_tokens_map.json").get(name)
    files = (_read_json(folder / "generation_config.json"), _read_json(folder / "config.json"))
    configuration["eos_token_ids"] = [f["eos_token_id"] for f in files if f.get("eos_token_id") is not None]
    template = folder / "chat_template.jinja"
    if template.is_file():
        configuration["chat_template"] = template.read_text(encoding="utf-8")
    configuration["chat_template"] = _default_template(configuration.get("chat_template"))
    return path, path.read_text(encoding="utf-8"), configuration


def _default_template(template: object) -> str:
    """Older files keep several named templates in a list; the one called "default" is for chats."""
    if isinstance(template, list):
        named = {entry.get("name"): entry.get("template") for entry in template if isinstance(entry, dict)}
        template = named.get("default") or next(iter(named.values()), "")
    return template if isinstance(template, str) else ""


def _read_json(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise LoadError(f"{path} is not valid JSON: {error}") from error
    return value if isinstance(value, dict) else {}


def _text_of(token: object) -> str:
    """A token as configuration files give it: a string, or an object with its content."""
    if isinstance(token, Mapping):
        token = token.get("content")
    return token if isinstance(token, str) else ""


def _decoder_kinds(decoder: Mapping[str, Any] | None) -> set[str]:
    """Types of a decoder and of the decoders in it."""
    if not decoder:
        return set()
    kinds = {str(decoder.get("type"))}
    for part in decoder.get("decoders", ()):
        kinds |= _decoder_kinds(part)
    return kinds


@functools.cache
def _byte_alphabet() -> dict[str, int]:
    """GPT-2's printable stand-ins for the 256 bytes (openai/gpt-2 encoder.py, bytes_to_unicode)."""
    printable = [
        *range(ord("!"), ord("~") + 1),
        *range(ord("¡"), ord("¬") + 1),
        *range(ord("®"), ord("ÿ") + 1),
    ]
    alphabet = {chr(byte): byte for byte in printable}
    others = [byte for byte in range(256) if byte not in alphabet.values()]
    return alphabet | {chr(256 + place): byte for place, byte in enumerate(others)}
