"""What the shipped reward models learn from, and what their models are asked."""

from __future__ import annotations

import random
from pathlib import Path

from pleiade.lab.dialogues.mixture import chat_mixture
from pleiade.lab.preferences.pair import Preference
from pleiade.lab.preferences.sets import harmless_preferences
from pleiade.lab.preferences.spoiled import spoiled_preferences

MAX_SPOILED = 6000


def preference_mixture(data: Path, seed: int) -> list[Preference]:
    """Spoiled answers of the dialogue mixture, each conversation once, and what people preferred, if that is there."""
    conversations = list({repr(c): c for c in chat_mixture(data, seed)}.values())[:MAX_SPOILED]
    preferences = spoiled_preferences(conversations, seed)
    if (data / "post" / "hh_rlhf_harmless").is_dir():
        preferences += harmless_preferences(data / "post")
    random.Random(seed).shuffle(preferences)
    return preferences


def preference_prompts(data: Path, seed: int, at_most: int) -> list[tuple[dict[str, object], ...]]:
    """Distinct questions of the dialogue mixture, each up to where the assistant answers last."""
    prompts = {repr(c.messages[:-1]): c.messages[:-1] for c in chat_mixture(data, seed) if not c.tools}
    chosen = list(prompts.values())
    random.Random(seed).shuffle(chosen)
    return chosen[:at_most]
