"""A text to fill in, framed by the model's own marks. llama.cpp's `/infill` would cut a long one without a word."""

from collections.abc import Sequence

import aiohttp

from pleiade.engines.wire.infill import SPELLINGS, Marks, framed, no_marks


async def find_marks(session: aiohttp.ClientSession) -> Marks:
    """The tokens that frame a text to fill in. Raises ApiError 400 where the model has none."""
    for spelling in SPELLINGS:
        prefix, suffix, middle = [await _tokens(session, mark, parse_special=True) for mark in spelling]
        if len(prefix) == len(suffix) == len(middle) == 1:
            return prefix[0], suffix[0], middle[0]
    raise no_marks()


async def frame_prompts(
    session: aiohttp.ClientSession, marks: Marks, prompts: Sequence[str | list[int]], suffix: str
) -> list[str | list[int]]:
    """Each prompt and what comes after its hole as tokens, in which only the marks are control tokens."""
    beginning = await _tokens(session, "", add_special=True)
    after = await _tokens(session, suffix)
    found: list[str | list[int]] = []
    for prompt in prompts:
        before = await _tokens(session, prompt) if isinstance(prompt, str) else prompt
        found.append([*beginning, *framed(marks, before, after)])
    return found


async def _tokens(
    session: aiohttp.ClientSession, text: str, *, add_special: bool = False, parse_special: bool = False
) -> list[int]:
    body = {"content": text, "add_special": add_special, "parse_special": parse_special}
    async with session.post("/tokenize", json=body) as answer:
        tokens: list[int] = (await answer.json())["tokens"]
    return tokens
