"""A small corpus and what is made of it, for the lab's tests: text from the dialogues that the lab itself writes."""

import dataclasses
import json
from functools import cache
from pathlib import Path

from tokenizers import Tokenizer

from pleiade.lab.data.corpus import Source
from pleiade.lab.dialogues.facts import fact_conversations
from pleiade.lab.dialogues.identity import identity_conversations
from pleiade.lab.presets import Preset, presets
from pleiade.lab.tokenizer.bpe import train_tokenizer


def sentences() -> list[str]:
    """Questions and answers as plain text, in both languages."""
    conversations = [*fact_conversations(), *identity_conversations()]
    return [" ".join(message["content"] for message in c.messages) for c in conversations]


@cache
def toy_tokenizer() -> Tokenizer:
    """512 tokens learned from the sentences."""
    return train_tokenizer(sentences(), 512)


def write_corpus(data: Path, folder: str = "toy", texts: list[str] | None = None) -> Source:
    """Write documents of ten sentences each below `data`."""
    texts = texts if texts is not None else [" ".join(sentences()[i : i + 10]) for i in range(0, 2000, 10)]
    (data / folder).mkdir(parents=True, exist_ok=True)
    lines = "".join(json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in texts)
    (data / folder / "part.jsonl").write_text(lines, "utf-8")
    return Source(folder)


def toy_preset(*sources: Source) -> Preset:
    """The preset that trains in a second."""
    return dataclasses.replace(presets()["toy"], recipe=sources)
