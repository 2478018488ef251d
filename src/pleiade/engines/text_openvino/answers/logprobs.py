"""Log-probabilities as the two dialects print them: chat's objects, and the four parallel lists of 2020."""

from collections.abc import Sequence
from typing import Any

from pleiade.engines.text_openvino.generation import TokenLogprobs

FLOOR = -9999.0  # OpenAI's value for what cannot happen; JSON has no -Infinity


class TokenNames:
    """How tokens are written in log-probabilities."""

    def __init__(self, token_bytes: Sequence[bytes], control: dict[str, int]) -> None:
        self._bytes = token_bytes
        self._control = {number: text for text, number in control.items()}

    def bytes_of(self, token: int) -> bytes:
        """The token's bytes; for a control token its spelling."""
        piece = self._bytes[token] if token < len(self._bytes) else b""
        return piece or self._control.get(token, "").encode()

    def name(self, token: int) -> str:
        """The token's text; "bytes:\\xe2\\x80" where it is only a part of a character, as OpenAI writes it."""
        piece = self.bytes_of(token)
        try:
            return piece.decode()
        except UnicodeDecodeError:
            return "bytes:" + "".join(f"\\x{byte:02x}" for byte in piece)

    def chat_entry(self, scored: TokenLogprobs, top: int) -> dict[str, Any]:
        """One item of a chat choice's `logprobs.content`."""
        return {
            **self._chat_token(scored.token, scored.logprob),
            "top_logprobs": [self._chat_token(token, logprob) for token, logprob in scored.top[:top]],
        }

    def _chat_token(self, token: int, logprob: float) -> dict[str, Any]:
        return {
            "token": self.name(token),
            "logprob": max(logprob, FLOOR),
            "bytes": list(self.bytes_of(token)),
        }

    def legacy(self, entries: Sequence[tuple[int, TokenLogprobs | None, int]], top: int) -> dict[str, list[Any]]:
        """A completion choice's `logprobs` of (character offset, log-probabilities or None, token) entries.

        The sampled token is always among the top ones, so there are up to `top` + 1 (wire-contract §11.2).
        """
        tokens: list[str] = []
        token_logprobs: list[float | None] = []
        top_logprobs: list[dict[str, float] | None] = []
        offsets: list[int] = []
        for offset, scored, token in entries:
            tokens.append(self.name(token))
            offsets.append(offset)
            if scored is None:  # the first token of a text has nothing before it
                token_logprobs.append(None)
                top_logprobs.append(None)
                continue
            token_logprobs.append(max(scored.logprob, FLOOR))
            likeliest = {self.name(t): max(p, FLOOR) for t, p in reversed(scored.top[:top])}
            likeliest = dict(sorted(likeliest.items(), key=lambda item: -item[1]))
            likeliest.setdefault(self.name(token), max(scored.logprob, FLOOR))
            top_logprobs.append(likeliest)
        return {
            "tokens": tokens,
            "token_logprobs": token_logprobs,
            "top_logprobs": top_logprobs,
            "text_offset": offsets,
        }
