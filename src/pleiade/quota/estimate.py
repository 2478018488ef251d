"""How large a call may become, from its body's bytes alone: no tokenizer, a few microseconds (wire-contract §8).

The prompt is counted by its characters, four bytes of JSON to a token; a list of token ids by its commas; a picture
inside the body as IMAGE_TOKENS. What the answer may cost is `max_tokens` times the number of answers, where a caller
that names no `max_tokens` is taken to want GUESS. A call that makes pictures is counted by these alone.
"""

import re
from collections.abc import Mapping

import msgspec

BYTES_PER_TOKEN = 4  # of English text, JSON's own signs included; CJK text in UTF-8 comes out about right too
IMAGE_TOKENS = 765  # what OpenAI counts for a picture of 1024 x 1024
GUESS = 256  # tokens of a chat's answer where no limit is named
COMPLETIONS_DEFAULT = 16  # the API's own default of `max_tokens` on /completions
MOST = 10**9  # a larger estimate would only be a way to block a deployment for everybody

_PROMPTS = ("messages", "prompt", "input", "suffix", "tools", "functions", "response_format", "instructions")
_LIMITS = ("max_completion_tokens", "max_tokens", "max_output_tokens")
_SIZE = re.compile(r"(\d{1,5})x(\d{1,5})", re.ASCII)
_WORD = re.compile(r"[a-z]{1,16}")
_number = msgspec.json.Decoder(int)
_text = msgspec.json.Decoder(str)
_elements = msgspec.json.Decoder(list[msgspec.Raw])


class Estimate(msgspec.Struct, frozen=True):
    """What a call is taken to use before it runs, in tokens."""

    prompt: int
    completion: int = 0  # all answers together
    most: int = 0  # what `completion` cannot exceed: more than it only where the caller named no limit
    images: int = 0  # pictures asked for
    size: str = ""  # theirs: "1024x1024", or "auto" where the engine chooses
    quality: str = ""  # "high", …, or "auto"

    @property
    def tokens(self) -> int:
        """Prompt and answers together."""
        return self.prompt + self.completion


def estimate(body: Mapping[str, msgspec.Raw], path: str, context_length: int = 0) -> Estimate:
    """The estimate of a request to the engine's route `path`, whose JSON fields are undecoded.

    `context_length` (tokens, 0 = unknown) bounds it: no model reads or writes more. Wrong types count as absent, for
    the engine refuses them.
    """
    prompt = 0
    for name in _PROMPTS:
        if name in body:
            prompt += _prompt_tokens(body[name])
    if context_length:
        prompt = min(prompt, context_length)
    if path.startswith("/images"):
        size, quality = _size(body.get("size")), _word(body.get("quality"))
        return Estimate(0, images=max(1, _integer(body.get("n"))), size=size, quality=quality)
    if path not in ("/chat/completions", "/completions"):
        return Estimate(min(prompt, MOST))
    room = context_length - prompt if context_length else MOST
    named = None
    for name in _LIMITS:
        if name in body and (value := _integer(body[name], -1)) >= 0:
            named = value
            break
    guess = COMPLETIONS_DEFAULT if path == "/completions" else GUESS
    answers = 1
    if "n" in body or "best_of" in body:
        answers = max(1, _integer(body.get("n")), _integer(body.get("best_of")))
    if path == "/completions":
        answers *= _prompts(body.get("prompt"))
        most = guess if named is None else named
    else:
        most = room if named is None and context_length else (guess if named is None else named)
    expected = min(most, guess) if named is None else named
    return Estimate(
        min(prompt, MOST),
        min(min(expected, room) * answers, MOST),
        min(min(most, room) * answers, MOST),
    )


def _prompt_tokens(raw: msgspec.Raw) -> int:
    data = bytes(raw)
    if data[:1] == b"[" and data[1:2] != b"{" and data[1:40].lstrip(b" \t\r\n[")[:1].isdigit():
        return data.count(b",") + 1
    size, images = len(data), 0
    at = data.find(b'"data:')
    while at >= 0:
        end = data.find(b'"', at + 6)
        size -= (end if end >= 0 else len(data)) - at
        images += 1
        at = data.find(b'"data:', end) if end >= 0 else -1
    return -(-size // BYTES_PER_TOKEN) + images * IMAGE_TOKENS


def _prompts(raw: msgspec.Raw | None) -> int:
    """How many prompts a completion has: a list of texts or of lists of tokens holds several."""
    if raw is None or bytes(raw)[:1] != b"[":
        return 1
    try:
        elements = _elements.decode(raw)
    except msgspec.DecodeError:
        return 1
    several = bool(elements) and bytes(elements[0])[:1] in (b'"', b"[")
    return len(elements) if several else 1


def _size(raw: msgspec.Raw | None) -> str:
    """The size asked for, in one spelling of each; an engine refuses what is none."""
    found = _SIZE.fullmatch(_said(raw))
    return f"{int(found[1])}x{int(found[2])}" if found else "auto"


def _word(raw: msgspec.Raw | None) -> str:
    said = _said(raw)
    return said if _WORD.fullmatch(said) else "auto"


def _said(raw: msgspec.Raw | None) -> str:
    try:
        return "" if raw is None else _text.decode(raw)
    except msgspec.DecodeError:
        return ""


def _integer(raw: msgspec.Raw | None, otherwise: int = 0) -> int:
    if raw is None:
        return otherwise
    try:
        return min(_number.decode(raw), MOST)
    except (msgspec.DecodeError, OverflowError):
        return otherwise
