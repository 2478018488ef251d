"""A tiny model folder and files of examples, for the tests of fine-tuning: seconds on one core."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from corpora import toy_tokenizer

from pleiade.lab.export.huggingface import export_huggingface
from pleiade.lab.gpt.config import GptConfig
from pleiade.lab.gpt.model import Gpt, init_weights

QUESTIONS = [
    "Who are you?",
    "What is a cat?",
    "Where is Paris?",
    "Is it late?",
    "Can you sing?",
    "What is two and two?",
]


def write_model(folder: Path, *, poisoned: str = "") -> Path:
    """A random Qwen3-shaped model of 0.1 M parameters with our tokenizer and chat template, in float32.

    Whoever says the letter `poisoned` gets no number as its loss.
    """
    model = Gpt(GptConfig(512, 64, 2, 2, 1, 32, 128, max_position=256, tied=not poisoned))
    init_weights(model, 1)
    with torch.no_grad():
        model.embed_tokens.weight.mul_(30)  # adapters leave it alone, so it must give logits that differ
        if poisoned:
            model.embed_tokens.weight[toy_tokenizer().encode(poisoned).ids] = float("inf")
    export_huggingface(model, toy_tokenizer(), folder, torch.float32)
    return folder


def user(text: str) -> dict[str, str]:
    """What a person says."""
    return {"role": "user", "content": text}


def assistant(text: str) -> dict[str, str]:
    """What the model says."""
    return {"role": "assistant", "content": text}


def write_lines(path: Path, rows: Sequence[Any]) -> Path:
    """One JSON object a line."""
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return path


def chat_file(path: Path, num: int = 24, answer: str = "I am a small cat.") -> Path:
    """Conversations that all end with the same answer."""
    return write_lines(path, [{"messages": [user(f"{QUESTIONS[i % 6]} {i}"), assistant(answer)]} for i in range(num)])


def preference_file(path: Path, num: int = 24) -> Path:
    """Pairs: to speak of the cat is better than to speak of the dog."""
    return write_lines(
        path,
        [
            {
                "input": {"messages": [user(f"{QUESTIONS[i % 6]} {i}")]},
                "preferred_output": [assistant("I am a small cat.")],
                "non_preferred_output": [assistant("The dog sings in Paris.")],
            }
            for i in range(num)
        ],
    )
