"""A chat's title: the first words of its first question. No model is asked for it."""

import re

from pleiade.products.chat.commands import without_command

LONGEST = 60  # characters


def title_from(question: str) -> str:
    """The first line that says something, without Markdown's marks, cut at a word; "" where nothing is said."""
    for line in without_command(question[:4000]).splitlines():
        text = " ".join(re.sub(r"[*_`#>|~]+", " ", line).split())
        if any(sign.isalnum() for sign in text):
            break
    else:
        return ""
    if len(text) <= LONGEST:
        return text
    cut = text[: LONGEST - 1]
    whole, space, _ = cut.rpartition(" ")
    return (whole if space and len(whole) > LONGEST // 2 else cut).rstrip(" ,.;:-") + "…"
