"""Preference sets that people wrote, below `data`/post."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pleiade.lab.data.corpus import read_rows
from pleiade.lab.preferences.pair import Preference


def harmless_preferences(post: Path) -> Iterator[Preference]:
    """English: answers to harmful or heated messages, the better one chosen by people (HH-RLHF, harmless)."""
    for row in read_rows(post / "hh_rlhf_harmless"):
        prompt = tuple({"role": m["role"], "content": m["content"]} for m in row["prompt"])
        if prompt and prompt[-1]["role"] == "user" and row["chosen"].strip() and row["rejected"].strip():
            yield Preference(prompt, row["chosen"].strip(), row["rejected"].strip(), "hh_rlhf_harmless")
