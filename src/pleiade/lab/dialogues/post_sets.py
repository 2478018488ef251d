"""Reads the post-training sets, keeping what a very small model can learn to answer: one to three plain sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from pleiade.lab.data.corpus import read_rows
from pleiade.lab.dialogues.conversation import Conversation, exchange

# Answers in the small-talk set that claim to be a person, joke about it, or give a brand name.
UNWANTED_TOPICS = frozenset(
    {
        "ai",
        "botprofile",
        "emotion",
        "humor",
        "tech_support",
        "coding",
        "gossip",
        "psychology",
        "conversations",
        "greetings",
    }
)


def first_sentences(text: str, max_characters: int) -> str:
    """As many whole sentences from the start as fit; "" if not even the first does."""
    # Brackets hold pronunciations and dates; tags are left from the source.
    text = re.sub(r"\s*\([^()]*\)|<[^<>]*>", "", " ".join(text[: 4 * max_characters].split()))
    kept = ""
    for sentence in re.findall(r".+?[.!?…](?=\s+[A-ZÀ-Ý«\"—]|$)", text):
        if len(kept) + len(sentence) > max_characters:
            break
        kept += sentence
    return kept.strip()


def wiki_descriptions(post: Path, max_characters: int = 260) -> Iterator[Conversation]:
    """English: "Tell me about X." → the first sentences of X's lead."""
    for row in read_rows(post / "wiki_derived_en"):
        if row.get("kind") != "describe":
            continue
        question, answer = (message["content"] for message in row["messages"])
        if short := first_sentences(answer, max_characters):
            yield exchange(question, short, "wiki_derived_en")


ASK_FR = (
    "Parle-moi de {}.",
    "Dis-moi quelque chose sur {}.",
    "Que sais-tu de : {} ?",
    "Donne une courte description : {}.",
)


def french_descriptions(post: Path, pretrain: Path, max_characters: int = 260) -> Iterator[Conversation]:
    """French: the first sentences of each encyclopedia passage under its title."""
    seen: set[str] = set()
    number = 0
    sources = (("piaf_fr_qa", post / "piaf_fr_qa", "context"), ("fr_vikidia", pretrain / "fr_vikidia", "text"))
    for name, folder, field in sources:
        for row in read_rows(folder):
            if row[field] in seen:
                continue
            seen.add(row[field])
            title = re.sub(r"<[^<>]*>", "", row["title"])
            short = first_sentences(row[field], max_characters)
            # Passages come from anywhere in an article: keep those that name their subject.
            if any(len(word) > 3 and word.lower() in short.lower() for word in title.split()):
                yield exchange(ASK_FR[number % len(ASK_FR)].format(title), short, name)
                number += 1


def french_questions(post: Path) -> Iterator[Conversation]:
    """French: a question about a passage, answered by the sentence of the passage that holds the answer."""
    for row in read_rows(post / "piaf_fr_qa"):
        answer = row["answers"][0]["text"] if row["answers"] else ""
        sentence = next((s for s in re.split(r"(?<=[.!?])\s+", row["context"]) if answer and answer in s), "")
        if 20 <= len(sentence) <= 260 and sentence[0].isupper():
            yield exchange(row["question"], sentence.strip(), "piaf_fr_qa")


def french_documents(post: Path, max_characters: int = 260) -> Iterator[Conversation]:
    """French: what a function, a page or an article of law is about; the register of documentation."""
    for row in read_rows(post / "docs_derived_fr"):
        question, answer = (message["content"] for message in row["messages"])
        if row.get("kind") != "vikidia" and len(question) < 120 and (short := first_sentences(answer, max_characters)):
            yield exchange(question, short, "docs_derived_fr")


def continuations(post: Path, max_characters: int = 900) -> Iterator[Conversation]:
    """Both languages: a passage of a novel and how it goes on, both cut at a sentence."""
    for row in read_rows(post / "continue_text"):
        question, answer = (message["content"] for message in row["messages"])
        request, separator, passage = question.partition("\n\n")
        short, goes_on = passage[-max_characters // 2 :], answer[: max_characters // 2]
        short = short[short.find(" ") + 1 :] if len(short) < len(passage) else short
        goes_on = goes_on[: max(goes_on.rfind(mark) for mark in ".!?") + 1]
        if separator and goes_on:
            yield exchange(f"{request}\n\n{short.strip()}", goes_on.strip(), "continue_text")


def small_talk(post: Path) -> Iterator[Conversation]:
    """English and French trivia and small talk, without answers that claim to be a person."""
    for row in read_rows(post / "chatterbot_smalltalk"):
        question, answer = (message["content"].strip() for message in row["messages"][:2])
        if row["topic"] not in UNWANTED_TOPICS and 15 <= len(answer) <= 300 and "```" not in answer:
            yield exchange(question, answer[0].upper() + answer[1:], "chatterbot_smalltalk")


def task_dialogues(post: Path, max_turns: int = 6) -> Iterator[Conversation]:
    """English: the first turns of booking dialogues, for turn-taking."""
    for row in read_rows(post / "sgd_dialogues"):
        messages = [{"role": m["role"], "content": m["content"]} for m in row["messages"][:max_turns]]
        if messages[-1]["role"] == "user":
            messages.pop()
        if len(messages) >= 2 and messages[0]["role"] == "user":
            yield Conversation(tuple(messages), "sgd_dialogues")
